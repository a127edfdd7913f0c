# SPDX-License-Identifier: Apache-2.0
"""Excel's rules for a package, as far as ECMA-376 and what Excel repairs tell them: stricter than the readers,
which forgive. `check` gives all that is wrong with a file, in words. Sheets are read as a stream, so that a
sheet of a million rows can be checked too.

    python3 xlsx_rules.py FILE…
"""

import io
import math
import posixpath
import re
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from xml.parsers import expat

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"

MAX_ROWS, MAX_COLUMNS, MAX_TEXT, MAX_WIDTH, MAX_STYLES = 1048576, 16384, 32767, 255, 64000

# The children in their order: 18.3.1.99 CT_Worksheet, 18.2.27 CT_Workbook, 18.8.39 CT_Stylesheet. Of a sheet
# only what a table needs; hyperlinks and what else it must not have are left out.
SHEET_ORDER = """sheetPr dimension sheetViews sheetFormatPr cols sheetData autoFilter printOptions pageMargins
                 pageSetup headerFooter""".split()
BOOK_ORDER = """fileVersion fileSharing workbookPr workbookProtection bookViews sheets functionGroups
                externalReferences definedNames calcPr""".split()
STYLE_ORDER = """numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors extLst""".split()

FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ESCAPE = re.compile("_x[0-9A-Fa-f]{4}_")
SHEET_NAME = re.compile(r"[^\[\]:*?/\\]{1,31}")


def name_of(element):
    return element.tag.rpartition("}")[2]


def column_number(letters):
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def parse_reference(text):
    """(column, row) of "B7", or None."""
    found = REFERENCE.fullmatch(text or "")
    column, row = (column_number(found.group(1)), int(found.group(2))) if found else (0, 0)
    return (column, row) if 1 <= column <= MAX_COLUMNS and 1 <= row <= MAX_ROWS else None


def parse_range(text):
    """The two corners of "A1:B7"; "A1" is a range too."""
    first, _, last = (text or "").partition(":")
    return parse_reference(first), parse_reference(last or first)


def check_order(element, order):
    """Children that are unknown, out of order or there twice."""
    names = [name_of(child) for child in element]
    for name in sorted(set(names) - set(order)):
        yield "has a <%s>" % name
    known = [order.index(name) for name in names if name in order]
    if known != sorted(set(known)):
        yield "has its elements out of order or twice: " + " ".join(names)


# ---- The package ----

class Package:
    """The parts of a file, and what was found wrong so far."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        self.problems = []
        self.trees = {}

    def add(self, part, problems):
        self.problems += ["%s: %s" % (part, problem) for problem in problems]

    def tree(self, part):
        """A part but a sheet, as a tree; None if it is not there or broken."""
        if part not in self.trees and part in self.names:
            try:
                self.trees[part] = ElementTree.fromstring(self.zip.read(part))
            except ElementTree.ParseError:
                self.trees[part] = None  # check_text tells
        return self.trees.get(part)

    def relations(self, part):
        """Of a part ("" is the package): id → (type, target part)."""
        folder, name = posixpath.split(part)
        tree = self.tree(posixpath.join(folder, "_rels", name + ".rels"))
        relations = {}
        for relation in tree if tree is not None else ():
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "")))
            relations[relation.get("Id")] = (relation.get("Type"), target.lstrip("/"))
        return relations


def check_zip(package):
    broken = package.zip.testzip()
    if broken:
        yield "%s is damaged" % broken
    if len({name.lower() for name in package.names}) != len(package.names):
        yield "has a part twice"
    for info in package.zip.infolist():
        if info.filename != posixpath.normpath(info.filename) or info.filename.startswith("/"):
            yield "%s is no name of a part" % info.filename
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            yield "%s is compressed as Excel cannot read it, or encrypted" % info.filename


def check_text(stream):
    """Valid UTF-8, characters that XML 1.0 allows, well-formed."""
    parser = expat.ParserCreate()
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    is_first = True
    try:
        while block := text.read(1 << 20):
            if is_first and not block.startswith("<?xml "):
                yield "does not begin with an XML declaration"
            is_first = False
            if "<!DOCTYPE" in block:
                yield "has a document type"
            found = FORBIDDEN.search(block)
            if found:
                yield "has U+%04X" % ord(found.group())
            parser.Parse(block)
        parser.Parse("", True)
    except UnicodeDecodeError as error:
        yield "is not UTF-8: %s" % error.reason
    except expat.ExpatError as error:
        yield "is not well-formed: %s" % error


def check_types(package):
    """[Content_Types].xml covers each part, and nothing that is not there."""
    tree = package.tree("[Content_Types].xml")
    if tree is None:
        yield "is not there"
        return
    defaults = {each.get("Extension").lower() for each in tree.iter(TYPES + "Default")}
    overrides = [each.get("PartName") for each in tree.iter(TYPES + "Override")]
    for name in sorted(set(overrides) - {"/" + name for name in package.names}):
        yield "%s is not there" % name
    if len(set(overrides)) != len(overrides):
        yield "has a part twice"
    for name in package.names:
        extension = name.rpartition(".")[2].lower()
        if name != "[Content_Types].xml" and "/" + name not in overrides and extension not in defaults:
            yield "says nothing of %s" % name
    sheets = {each.get("PartName") for each in tree.iter(TYPES + "Override") if each.get("ContentType") == SHEET_TYPE}
    if sheets != {"/" + name for name in package.names if name.startswith("xl/worksheets/sheet")}:
        yield "does not tell which parts are sheets"


def check_relations(package, part):
    folder, name = posixpath.split(part)
    of = posixpath.join(posixpath.dirname(folder), name[:-len(".rels")])
    if of and of not in package.names:
        yield "is of %s, which is not there" % of
    tree = package.tree(part)
    each = list(tree) if tree is not None else []
    if len({relation.get("Id") for relation in each}) != len(each):
        yield "has an id twice"
    if any(relation.get("TargetMode") == "External" for relation in each):
        yield "leads out of the package"
    for _, target in package.relations(of).values():
        if target not in package.names:
            yield "leads to %s, which is not there" % target


# ---- Styles and the workbook ----

def check_styles(styles):
    yield from check_order(styles, STYLE_ORDER)
    for group in styles:
        if group.get("count") and int(group.get("count")) != len(group):
            yield "<%s> says it has %s and has %d" % (name_of(group), group.get("count"), len(group))
    own = {each.get("numFmtId") for each in styles.iter(MAIN + "numFmt")}
    if len(own) != sum(1 for _ in styles.iter(MAIN + "numFmt")) or any(int(each) < 164 for each in own):
        yield "has a number format twice, or one of Excel's own ids"
    xfs = styles.find(MAIN + "cellXfs")
    if xfs is None or not 0 < len(xfs) <= MAX_STYLES:
        yield "has no styles of cells, or too many"
        return
    for index, xf in enumerate(xfs):
        if int(xf.get("numFmtId", 0)) >= 164 and xf.get("numFmtId") not in own:
            yield "style %d has an unknown number format" % index
        for attribute, group in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
            if int(xf.get(attribute, 0)) >= len(styles.find(MAIN + group)):
                yield "style %d has an unknown %s" % (index, attribute)


def check_book(book):
    yield from check_order(book, BOOK_ORDER)
    sheets = list(book.iter(MAIN + "sheet"))
    if not sheets:
        yield "has no sheet"
    for attribute in ("sheetId", "{%s}id" % OFFICE):
        if len({sheet.get(attribute) for sheet in sheets}) != len(sheets):
            yield "has two sheets of one %s" % attribute.rpartition("}")[2]
    names = [sheet.get("name", "") for sheet in sheets]
    if len({name.lower() for name in names}) != len(names):
        yield "has two sheets of one name"
    for name in names:
        is_long = len(name.encode("utf-16-le")) > 2 * 31
        if is_long or not SHEET_NAME.fullmatch(name) or name.strip("'") != name or name.lower() == "history":
            yield "has a sheet with the name %r" % name


def filter_ranges(book):
    """Of each sheet by its index, what the workbook says of its filter: "name!$A$1:$B$7", without the dollars."""
    return {int(name.get("localSheetId")): name.text.replace("$", "") for name in book.iter(MAIN + "definedName")
            if name.get("name") == "_xlnm._FilterDatabase"}


# ---- A sheet ----

class Sheet:
    """Reads a sheet's cells once, from top to bottom."""

    def __init__(self, style_count, text_count):
        self.style_count = style_count
        self.text_count = text_count
        self.row = self.columns = 0
        self.header = []  # the columns of the first row
        self.problems = []

    def problem(self, where, text):
        if len(self.problems) < 20:
            self.problems.append("%s %s" % (where, text))

    def take_row(self, row):
        number = row.get("r", "")
        if not number.isdigit() or int(number) <= self.row or int(number) > MAX_ROWS:
            self.problem("row %r" % number, "comes after row %d" % self.row)
            return
        self.row = int(number)
        before = 0
        for cell in row:
            at = parse_reference(cell.get("r"))
            if name_of(cell) != "c" or not at or at[1] != self.row or at[0] <= before:
                self.problem("row %d" % self.row, "has %r after column %d" % (cell.get("r"), before))
                continue
            before = at[0]
            self.columns = max(self.columns, before)
            for problem in self.check_cell(cell):
                self.problem(cell.get("r"), problem)
            if self.row == 1:
                self.header.append((before, cell.get("t"), cell.get("s", "0")))

    def check_cell(self, cell):
        if not 0 <= int(cell.get("s", 0)) < self.style_count:
            yield "has style %s of %d" % (cell.get("s"), self.style_count)
        inner, kind = [name_of(child) for child in cell], cell.get("t", "n")
        if inner != (["is"] if kind == "inlineStr" else ["v"]):
            yield "is of type %s and has <%s>" % (kind, "> <".join(inner))
        elif kind == "inlineStr":
            yield from self.check_inline(cell[0])
        elif kind == "n":
            text = cell[0].text or ""
            if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
                yield "is not a number: %.40r" % text
        elif not (kind == "b" and cell[0].text in ("0", "1") or
                  kind == "s" and (cell[0].text or "").isdigit() and int(cell[0].text) < self.text_count):
            yield "is of type %s and %.40r" % (kind, cell[0].text)

    def check_inline(self, inline):
        if [name_of(child) for child in inline] != ["t"] or len(inline[0]):
            yield "is not one plain text"
            return
        text = inline[0].text or ""
        if len(ESCAPE.sub("x", text).encode("utf-16-le")) > 2 * MAX_TEXT:
            yield "is longer than %d characters" % MAX_TEXT
        if text != text.strip(" \t\r\n") and inline[0].get(SPACE) != "preserve":
            yield "loses the blanks at its ends"

    def check_extent(self, what, text):
        if parse_range(text) != ((1, 1), (self.columns, self.row)):
            self.problem(what, "is %r; the last row is %d, the last column %d" % (text, self.row, self.columns))


def read_rows(stream, sheet):
    """Takes each row out of the tree once it is read; gives the rest of the tree."""
    root = data = None
    try:
        for event, element in ElementTree.iterparse(stream, ("start", "end")):
            if event == "start":
                root = element if root is None else root
                data = element if element.tag == MAIN + "sheetData" else data
            elif element.tag == MAIN + "row":
                sheet.take_row(element)
                data.clear()
    except ElementTree.ParseError:
        return None  # check_text tells
    return root


def check_head(root, sheet):
    """Frozen and bold header, widths, and the extents that are told."""
    yield from check_order(root, SHEET_ORDER)
    if sheet.row < 1 or [at for at, *_ in sheet.header] != list(range(1, sheet.columns + 1)):
        yield "has no header over all its columns"
    if {kind for _, kind, _ in sheet.header} - {"inlineStr", "s"} or len({style for *_, style in sheet.header}) != 1:
        yield "has a header that is not all text in one style"
    pane = root.find(".//%spane" % MAIN)
    if pane is None or (pane.get("state"), pane.get("ySplit"), pane.get("topLeftCell")) != ("frozen", "1", "A2"):
        yield "does not freeze its header"
    last = 0
    for each in root.iter(MAIN + "col"):
        first, to, width = int(each.get("min")), int(each.get("max")), float(each.get("width", 8))
        if not last < first <= to <= MAX_COLUMNS or not 0 < width <= MAX_WIDTH:
            yield "has widths out of order, or too wide"
        last = to
    dimension, filtered = root.find(MAIN + "dimension"), root.find(MAIN + "autoFilter")
    if dimension is not None:
        sheet.check_extent("its dimension", dimension.get("ref"))
    sheet.check_extent("its filter", filtered.get("ref") if filtered is not None else None)


def check_sheet(package, part, style_count, told_filter):
    texts = package.tree("xl/sharedStrings.xml")
    sheet = Sheet(style_count, 0 if texts is None else len(texts))
    with package.zip.open(part) as stream:
        root = read_rows(stream, sheet)
    if root is None:
        return
    yield from check_head(root, sheet)
    yield from sheet.problems
    filtered = root.find(MAIN + "autoFilter")
    if filtered is not None and parse_range((told_filter or "").rpartition("!")[2]) != parse_range(filtered.get("ref")):
        yield "its filter is %s, and %s in the workbook" % (filtered.get("ref"), told_filter)


def check_sheets(package, book):
    """Each sheet that the workbook names is there and good, and there is no other."""
    styles = package.tree("xl/styles.xml")
    xfs = None if styles is None else styles.find(MAIN + "cellXfs")
    relations, filters, seen = package.relations("xl/workbook.xml"), filter_ranges(book), set()
    for index, sheet in enumerate(book.iter(MAIN + "sheet")):
        kind, part = relations.get(sheet.get("{%s}id" % OFFICE), ("", ""))
        if kind != OFFICE + "/worksheet" or part not in package.names:
            package.add("xl/workbook.xml", ["sheet %d leads nowhere" % (index + 1)])
            continue
        seen.add(part)
        package.add(part, check_sheet(package, part, 0 if xfs is None else len(xfs), filters.get(index)))
    for part in package.names:
        if part.startswith("xl/worksheets/sheet") and part not in seen:
            package.add(part, ["is in no workbook"])


def check_package(package):
    package.add("the package", check_zip(package))
    for part in package.names:
        with package.zip.open(part) as stream:
            package.add(part, check_text(stream))
        if part.endswith(".rels"):
            package.add(part, check_relations(package, part))
    package.add("[Content_Types].xml", check_types(package))
    styles, book = package.tree("xl/styles.xml"), package.tree("xl/workbook.xml")
    if styles is None or book is None or OFFICE + "/officeDocument" not in dict(package.relations("").values()):
        package.add("the package", ["has no workbook, or no styles"])
        return
    package.add("xl/styles.xml", check_styles(styles))
    package.add("xl/workbook.xml", check_book(book))
    check_sheets(package, book)


def check(path):
    """What is wrong with a file: a list of texts that begin with the part; empty if nothing is."""
    problems = []
    try:
        package = Package(path)
        problems = package.problems
        with package.zip:
            check_package(package)
    except (zipfile.BadZipFile, zlib.error, OSError) as error:
        problems.append("the package is damaged: %s" % error)
    return problems


if __name__ == "__main__":
    found = ["%s: %s" % (path, problem) for path in sys.argv[1:] for problem in check(path)]
    print("\n".join(found) if found else "nothing is wrong")
    sys.exit(1 if found else 0)
