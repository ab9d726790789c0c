"""An oscilloscope for the information inside neural networks.

Everything public is a name of this module. The one list of them is ``__init__.pyi``; each is imported when it is first
used, so ``import infoscope`` stays light.
"""

import lazy_loader

from infoscope.core.version import VERSION as __version__  # noqa: F401

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
