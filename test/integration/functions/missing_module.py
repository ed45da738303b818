"""A function whose author has a package that the region does not have."""

import a_package_nobody_has  # noqa: F401
