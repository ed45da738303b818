"""Its place puts this folder on sys.path, so that tests import the package from the working tree."""
