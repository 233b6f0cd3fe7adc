"""Why a file cannot be read, as one exception: what happened, where, and what a person can do about it."""

from __future__ import annotations

from haihe.kernel import errors

_ToDo = dict[str, str]  # given to UnreadableDocument as **keywords


class UnreadableDocument(errors.UnreadableDocument):
    """The only exception that leaves the loaders. `what` and `what_to_do` hold one Chinese and one English sentence."""

    def __init__(self, zh: str, en: str, *, where: str = "", to_do_zh: str = "", to_do_en: str = "") -> None:
        super().__init__(zh, en, where=where, to_do_zh=to_do_zh, to_do_en=to_do_en)

    @property
    def what(self) -> str:
        return f"{self.zh}{self.en}"

    @property
    def what_to_do(self) -> str:
        return f"{self.to_do_zh}{self.to_do_en}"


def _to_do(zh: str, en: str) -> _ToDo:
    return {"to_do_zh": zh, "to_do_en": en}


SAVE_AS_DOCX = _to_do(
    "请用 Word 或 WPS 打开，另存为 .docx 后再试。", "Open it in Word or WPS, save it as .docx and try again."
)
SAVE_AS_UTF8 = _to_do(
    "请用原来的程序打开，另存为 UTF-8 编码的文本或 .docx 后再试。",
    "Open it in the program it came from, save it as UTF-8 text or .docx and try again.",
)
FETCH_AGAIN = _to_do("请重新下载或重新保存一份后再试。", "Download or save it again and try again.")
REMOVE_PASSWORD = _to_do("请去掉密码，另存一份后再试。", "Remove the password, save a copy and try again.")
RECOGNISE = _to_do(
    "请先做文字识别（OCR），核对后存为 .docx 或 .txt 再试；或向发文单位索取文字版。",
    "Run text recognition (OCR), check its result, save it as .docx or .txt and try again;"
    " or ask the issuer for a text version.",
)
UNPACK = _to_do("请先解压，再逐个提供其中的文件。", "Unpack it first and provide the files in it one by one.")
COPY_AS_DOCX = _to_do(
    "请打开它，把正文复制到 Word 或 WPS，另存为 .docx 后再试。",
    "Open it, copy its text into Word or WPS, save it as .docx and try again.",
)
KEEP_PLAN_PAGES = _to_do("请只保留规划文件所在的页。", "Keep only the pages of the plan.")
GIVE_DOCUMENT = _to_do(
    "请提供 .docx、.pdf、.txt、.html 或 .md 文件。", "Provide a .docx, .pdf, .txt, .html or .md file."
)
SHRINK = _to_do("请删去图片或附件，或拆分后再试。", "Remove pictures and attachments, or split it, and try again.")
CHECK_CONTENT = _to_do(
    "请确认选对了文件，且保存时内容没有丢失。", "Check that it is the right file and was saved with its content."
)
CHECK_PATH = _to_do("请检查路径和读取权限。", "Check the path and whether you may read it.")
NAME_A_FILE = _to_do("请指定一个文件，而不是文件夹或设备。", "Name a file, not a folder or a device.")
