"""Estimators and what follows from them: the forecast, its distribution, cost, and the bundle that
keeps them.
"""
