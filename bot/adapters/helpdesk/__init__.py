"""Helpdesks: one thin adapter a vendor over httpx, one outlet and one inbox over all of them."""
