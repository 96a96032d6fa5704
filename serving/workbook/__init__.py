"""Answers as a workbook that a manager forwards."""
