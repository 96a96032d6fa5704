"""Answers as an XLSX workbook that a manager reads and forwards."""
