"""The commands of `creatorcast`, one module a group of them.

A module imports the packages that do the work inside its commands, so that help takes no seconds.
"""
