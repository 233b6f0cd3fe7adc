"""The layout of official papers as dated parameters (policies/papers.yaml), and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import date

from haihe.kernel.policies import parameter

PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0  # A4
POINT_MM = 25.4 / 72
# What a program may show where a computer lacks the named font; nothing is shipped.
FALLBACKS = {
    "方正小标宋简体": ("FZXiaoBiaoSong-B05S", "小标宋体", "华文中宋", "STZhongsong", "Noto Serif CJK SC", "SimSun", "serif"),
    "仿宋_GB2312": ("FangSong_GB2312", "仿宋", "FangSong", "STFangsong", "Noto Serif CJK SC", "serif"),
    "楷体_GB2312": ("KaiTi_GB2312", "楷体", "KaiTi", "STKaiti", "Noto Serif CJK SC", "serif"),
    "黑体": ("SimHei", "Noto Sans CJK SC", "sans-serif"),
    "宋体": ("SimSun", "Noto Serif CJK SC", "serif"),
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """The layout in force on a day; lengths in mm, sizes in pt, gaps in lines or characters of the body."""

    paper_top_mm: float
    paper_left_mm: float
    paper_text_width_mm: float
    paper_text_height_mm: float
    paper_lines: int
    paper_characters: int
    paper_body_pt: float
    paper_title_pt: float
    paper_small_pt: float
    paper_mark_pt: float
    paper_mark_top_mm: float
    paper_number_lines: int
    paper_red_line_gap_mm: float
    paper_red_line_mm: float
    paper_title_lines: int
    paper_to_lines: int
    paper_indent_characters: int
    paper_signature_lines: int
    paper_date_right_characters: int
    paper_thick_line_mm: float
    paper_thin_line_mm: float
    paper_colophon_characters: int
    paper_page_number_gap_mm: float
    paper_page_number_characters: int
    letter_mark_top_mm: float
    letter_line_gap_mm: float
    letter_line_width_mm: float
    letter_line_bottom_mm: float
    paper_title_font: str
    paper_body_font: str
    paper_heading_font: str
    paper_subheading_font: str
    paper_page_number_font: str

    @classmethod
    def on(cls, day: date) -> Layout:
        return cls(**{field.name: parameter(f"plans.{field.name}", day) for field in fields(cls)})

    @property
    def right_mm(self) -> float:
        return PAGE_WIDTH_MM - self.paper_left_mm - self.paper_text_width_mm

    @property
    def bottom_mm(self) -> float:
        return PAGE_HEIGHT_MM - self.paper_top_mm - self.paper_text_height_mm

    @property
    def line_pt(self) -> float:
        """The pitch of lines with which a full page holds just so many; rounded down to a twentieth of a point."""
        return math.floor(self.paper_text_height_mm / POINT_MM / self.paper_lines * 20) / 20

    @property
    def spacing_twips(self) -> int:
        """What each character is narrowed by (negative), so that a full line holds just so many."""
        width_pt = self.paper_text_width_mm / POINT_MM / self.paper_characters
        return math.floor((width_pt - self.paper_body_pt) * 20)

    @property
    def character_pt(self) -> float:
        return self.paper_body_pt + self.spacing_twips / 20

    def mark_pt(self, mark: str) -> float:
        """The largest size in which the organ's mark stands on one line."""
        widest = self.paper_text_width_mm / POINT_MM / max(1, len(mark))
        return min(self.paper_mark_pt, math.floor(widest))
