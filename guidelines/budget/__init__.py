"""Budgets: limits on what a network may cost, and what is found of those that it exceeds."""

from guidelines.budget.findings import over
from guidelines.budget.limits import Budget, BudgetError, Subject, applying, budgets

__all__ = ["Budget", "BudgetError", "Subject", "applying", "budgets", "over"]
