"""With whom: contacts, home visits, consent."""
