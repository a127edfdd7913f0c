# SPDX-License-Identifier: Apache-2.0
"""The rules can fail: a good package, and what each break of it is told as."""

import io
import re
import unittest
import zipfile

import xlsx_rules

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = xlsx_rules.MAIN[1:-1]
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORKSHEET = xlsx_rules.SHEET_TYPE
BOOK = WORKSHEET.replace("worksheet", "sheet.main")

# Laid out as our writer lays it out: a header and two rows of a text, a number and a truth.
SHEET = "xl/worksheets/sheet1.xml"
PARTS = {
    "[Content_Types].xml": HEAD + """<Types xmlns="%s/content-types"><Default Extension="rels" ContentType="x"/>
<Override PartName="/xl/workbook.xml" ContentType="%s"/><Override PartName="/xl/styles.xml" ContentType="x"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="%s"/></Types>""" % (PACKAGE, BOOK, WORKSHEET),
    "_rels/.rels": HEAD + """<Relationships xmlns="%s/relationships"><Relationship Id="rId1" Type="%s/officeDocument"
Target="xl/workbook.xml"/></Relationships>""" % (PACKAGE, xlsx_rules.OFFICE),
    "xl/_rels/workbook.xml.rels": HEAD + """<Relationships xmlns="%s/relationships"><Relationship Id="rId1"
Type="%s/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="%s/styles"
Target="styles.xml"/></Relationships>""" % (PACKAGE, xlsx_rules.OFFICE, xlsx_rules.OFFICE),
    "xl/workbook.xml": HEAD + """<workbook xmlns="%s" xmlns:r="%s"><sheets>
<sheet name="trades" sheetId="1" r:id="rId1"/></sheets><definedNames>
<definedName name="_xlnm._FilterDatabase" localSheetId="0">trades!$A$1:$C$3</definedName>
</definedNames></workbook>""" % (MAIN, xlsx_rules.OFFICE),
    "xl/styles.xml": HEAD + """<styleSheet xmlns="%s">
<numFmts count="1"><numFmt numFmtId="164" formatCode="0"/></numFmts>
<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>
<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" fontId="0"/></cellXfs></styleSheet>""" % MAIN,
    SHEET: HEAD + """<worksheet xmlns="%s"><dimension ref="A1:C3"/><sheetViews><sheetView workbookViewId="0">
<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="3" width="9"/></cols>
<sheetData><row r="1"><c r="A1" s="1" t="inlineStr"><is><t>a</t></is></c>
<c r="B1" s="1" t="inlineStr"><is><t>b</t></is></c>
<c r="C1" s="1" t="inlineStr"><is><t>c</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is>
<t xml:space="preserve"> x </t></is></c><c r="B2"><v>-1.5E+22</v></c><c r="C2" t="b"><v>1</v></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><t>_x0001_</t></is></c><c r="C3" t="b"><v>0</v></c></row></sheetData>
<autoFilter ref="A1:C3"/><pageMargins left="1"/></worksheet>""" % MAIN,
}

# What is broken: part, a text of it, what is there instead, words of what is told.
BREAKS = {
    "not well-formed": (SHEET, "</sheetData>", "", "not well-formed"),
    "a control character": (SHEET, "_x0001_", "\x01", "U+0001"),
    "U+FFFE": (SHEET, "_x0001_", "\ufffe", "U+FFFE"),
    "bytes that are not UTF-8": (SHEET, "_x0001_", b"\xff", "not UTF-8"),
    "a document type": (SHEET, "<worksheet", "<!DOCTYPE worksheet><worksheet", "document type"),
    "no declaration": ("xl/styles.xml", HEAD, "", "declaration"),
    "a part of no type": ("[Content_Types].xml",
                          '<Override PartName="/xl/styles.xml" ContentType="x"/>', "", "nothing of xl/styles.xml"),
    "a type of no part": ("[Content_Types].xml", "/xl/styles.xml", "/xl/theme.xml", "/xl/theme.xml is not there"),
    "a sheet that is no sheet": ("[Content_Types].xml", WORKSHEET, "application/xml", "which parts are sheets"),
    "a relation to nothing": ("xl/_rels/workbook.xml.rels", "styles.xml", "theme.xml", "leads to xl/theme.xml"),
    "an external relation": ("xl/_rels/workbook.xml.rels", 'Id="rId2"', 'Id="rId2" TargetMode="External"', "leads out"),
    "a relation twice": ("xl/_rels/workbook.xml.rels", "rId2", "rId1", "id twice"),
    "no workbook": ("_rels/.rels", "/officeDocument", "/document", "no workbook"),
    "an illegal name of a sheet": ("xl/workbook.xml", 'name="trades"', 'name="tra/des"', "tra/des"),
    "a long name of a sheet": ("xl/workbook.xml", 'name="trades"', 'name="%s"' % ("x" * 32), "xxx"),
    "a sheet that is not related": ("xl/workbook.xml", 'r:id="rId1"', 'r:id="rId9"', "leads nowhere"),
    "another range in the workbook": ("xl/workbook.xml", "$C$3", "$C$4", "in the workbook"),
    "a wrong count of styles": ("xl/styles.xml", '<cellXfs count="2"', '<cellXfs count="3"', "says it has 3"),
    "an unknown number format": ("xl/styles.xml", 'xf numFmtId="164"', 'xf numFmtId="165"', "unknown number format"),
    "an unknown font": ("xl/styles.xml", 'fontId="0"', 'fontId="1"', "unknown fontId"),
    "elements out of order": (SHEET, '<pageMargins left="1"/>', '<dimension ref="A1"/>', "out of order"),
    "a link": (SHEET, "<pageMargins", "<hyperlinks/><pageMargins", "<hyperlinks>"),
    "a formula": (SHEET, "<v>-1.5E+22</v>", "<f>1+1</f><v>2</v>", "B2 is of type n and has <f> <v>"),
    "NaN": (SHEET, "-1.5E+22", "NAN", "B2 is not a number"),
    "a decimal comma": (SHEET, "-1.5E+22", "1,5", "B2 is not a number"),
    "a number no double holds": (SHEET, "-1.5E+22", "1e400", "B2 is not a number"),
    "a truth in words": (SHEET, "<v>1</v>", "<v>true</v>", "C2 is of type b"),
    "an unknown style": (SHEET, '<c r="B2">', '<c r="B2" s="2">', "B2 has style 2 of 2"),
    "cells out of order": (SHEET, 'r="B2"', 'r="D2"', "row 2 has 'C2'"),
    "a cell in another row": (SHEET, 'r="B2"', 'r="B3"', "row 2 has 'B3'"),
    "a cell twice": (SHEET, 'r="C2"', 'r="B2"', "row 2 has 'B2'"),
    "rows out of order": (SHEET, '<row r="3">', '<row r="2">', "row '2' comes after row 2"),
    "a row too many": (SHEET, '<row r="3">', '<row r="1048577">', "row '1048577'"),
    "another dimension": (SHEET, 'dimension ref="A1:C3"', 'dimension ref="A1:C9"', "its dimension"),
    "another filter": (SHEET, 'autoFilter ref="A1:C3"', 'autoFilter ref="A1:B3"', "its filter"),
    "no filter": (SHEET, '<autoFilter ref="A1:C3"/>', "", "its filter"),
    "blanks that are lost": (SHEET, ' xml:space="preserve"', "", "A2 loses the blanks"),
    "a text too long": (SHEET, "_x0001_", "😀" * 16384, "A3 is longer"),
    "a header in two styles": (SHEET, '<c r="B1" s="1"', '<c r="B1"', "one style"),
    "a header that moves": (SHEET, 'state="frozen"', 'state="split"', "freeze"),
    "widths out of order": (SHEET, 'min="1" max="3"', 'min="3" max="1"', "widths"),
}


def packed(parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return file


def broken(part, old, new):
    assert PARTS[part].count(old) >= 1, (part, old)
    before, _, after = PARTS[part].partition(old)
    new = new if isinstance(new, bytes) else new.encode()
    return {**PARTS, part: before.encode() + new + after.encode()}


class Rules(unittest.TestCase):
    """Of the package as a whole, its parts, and its cells."""

    def assert_told(self, word, problems):
        self.assertRegex("\n".join(problems), "(?m)^.*" + re.escape(word))

    def test_nothing_is_wrong_with_a_good_package(self):
        self.assertEqual([], xlsx_rules.check(packed(PARTS)))

    def test_each_break_is_told(self):
        for what, (part, old, new, word) in BREAKS.items():
            with self.subTest(what):
                self.assert_told(word, xlsx_rules.check(packed(broken(part, old, new))))

    def test_a_cut_or_damaged_file_is_told(self):
        whole = packed(PARTS).getvalue()
        self.assert_told("not a zip", xlsx_rules.check(io.BytesIO(whole[:len(whole) // 2])))
        middle = whole.index(b"xl/styles.xml") + 40
        damaged = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1:]
        self.assert_told("damaged", xlsx_rules.check(io.BytesIO(damaged)))

    def test_a_part_that_is_missing_is_told(self):
        for name in PARTS:
            with self.subTest(name):
                self.assertTrue(xlsx_rules.check(packed({each: text for each, text in PARTS.items() if each != name})))

    def test_a_second_sheet_of_one_name_but_for_its_case_is_told(self):
        more = '<sheet name="Trades" sheetId="2" r:id="rId2"/></sheets>'
        file = packed(broken("xl/workbook.xml", "</sheets>", more))
        self.assert_told("two sheets of one name", xlsx_rules.check(file))


if __name__ == "__main__":
    unittest.main()
