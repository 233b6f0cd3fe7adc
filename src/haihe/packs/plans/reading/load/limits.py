"""How much a loader accepts. A plan is a few hundred kilobytes; the limits keep one file from taking the machine."""

from __future__ import annotations

MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024  # the parts of a .docx together, unpacked
MAX_XML_BYTES = 50 * 1024 * 1024  # the XML that is actually parsed; a tree takes many times its bytes
MAX_UNPACK_RATIO = 200  # honest WordprocessingML packs 10 to 40 times; deflate can reach 1,032
RATIO_COUNTS_FROM_BYTES = 5 * 1024 * 1024  # small parts may pack well without being a threat
MAX_ZIP_ENTRIES = 10_000
MAX_ZIP_DIRECTORY_BYTES = 1024 * 1024
MAX_TAGS = 1_000_000  # of an XML part or a web page; the plans of a whole province have some 10,000
MAX_PDF_PAGES = 2_000
