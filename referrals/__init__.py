"""Whom we ask: alerts, referrals, counselling."""
