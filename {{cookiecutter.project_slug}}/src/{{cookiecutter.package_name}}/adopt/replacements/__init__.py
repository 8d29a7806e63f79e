"""The files that adopt puts in place of the sample's, written as modules of this folder so that tools can check them.

Their relative imports (``from ...``) are turned into those of the place they are copied to.
"""
