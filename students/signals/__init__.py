"""The rules of noticing. Each is a sentence with numbers that the school sets; there is no score and no black box.

`material` reads once what the rules count, each rule is a pure function from it to `Finding`s, and
students.actions.signals writes what is new. One module for each kind of rule; `rules` lists them.
"""
