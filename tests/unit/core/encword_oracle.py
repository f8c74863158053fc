#!/usr/bin/env python3
"""Encoded-words against Python's email package: subjects in many scripts and charsets, encoded by Python's own
Header, by hand at every place a sender may cut, and with plain text around them, must come back as Python reads them.

usage: encword_oracle.py DECODE_LINES [COUNT]
"""
import base64
import email.header
import random
import subprocess
import sys

# Charsets with the texts they can hold. Python's tables and ICU's agree on these letters.
TEXTS = {
    "utf-8": ["Your invoice is ready", "Votre facture est échue: 12,50 €", "Счёт за подписку",
              "請求書のお知らせ", "فاتورة الاشتراك", "חשבונית חודשית", "ใบแจ้งหนี้", "발행 청구서", "😀 नमस्ते",
              "Ünïcödé ﬁ № ①"],
    "iso-8859-1": ["Facture échue", "Rechnung für März", "Señal de año"],
    "iso-8859-15": ["Œuvre à 5 €"],
    "iso-8859-2": ["Żółta łódź", "Příliš žluťoučký"],
    "iso-8859-5": ["Счет за май"],
    "iso-8859-7": ["Τιμολόγιο μηνός"],
    "iso-8859-9": ["Fatura ödenmiş ığ"],
    "windows-1250": ["Účet č. 5 – šest"],
    "windows-1251": ["Счёт № 7 – оплата"],
    "windows-1252": ["“Quoted” – 5 €"],
    "windows-1253": ["Τιμολόγιο"],
    "windows-1255": ["חשבונית"],
    "windows-1256": ["فاتورة"],
    "windows-1257": ["Sąskaita už"],
    "koi8-r": ["Счёт за подписку"],
    "koi8-u": ["Рахунок за їжу ґ"],
    "tis-620": ["ใบแจ้งหนี้"],
    "iso-2022-jp": ["請求書のお知らせ", "ご利用料金 5月分"],
    "shift_jis": ["請求書のお知らせ", "ご利用料金"],
    "euc-jp": ["請求書のお知らせ"],
    "gb2312": ["发票通知", "您的订阅"],
    "gbk": ["發票通知 镕"],
    "gb18030": ["发票 € 㐀"],
    "big5": ["發票通知", "訂閱"],
    "euc-kr": ["청구서 발행 안내"],
    "us-ascii": ["Plain words only"],
}
STATEFUL = {"iso-2022-jp"}


def q(data):
    return "".join("_" if b == 0x20 else chr(b) if chr(b).isascii() and chr(b).isalnum() else f"={b:02X}" for b in data)


def word(rng, charset, language, data):
    label = rng.choice([charset, charset.upper(), charset.title()])
    if rng.random() < 0.5:
        return f"=?{label}{language}?{rng.choice('qQ')}?{q(data)}?="
    return f"=?{label}{language}?{rng.choice('bB')}?{base64.b64encode(data).decode()}?="


def cut(rng, charset, text):
    """The words of one text, cut between bytes, and between characters where each word must stand alone."""
    if charset in STATEFUL:
        at = rng.randint(0, len(text))
        parts = [part.encode(charset) for part in (text[:at], text[at:]) if part]
    else:
        data = text.encode(charset)
        cuts = sorted(rng.sample(range(len(data) + 1), rng.randint(0, min(4, len(data)))))
        parts = [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)]) if a < b]
    blanks = [" ", "  ", " \t", "\t"]
    language = rng.choice(["", "", "", "*en"])  # one for all: to Python another language is another charset
    return "".join(word(rng, charset, language, part) + rng.choice(blanks) for part in parts).rstrip()


def by_hand(rng):
    pieces = []
    for _ in range(rng.randint(1, 4)):
        charset = rng.choice(list(TEXTS))
        pieces.append(cut(rng, charset, rng.choice(TEXTS[charset])))
        if rng.random() < 0.5:
            pieces.append(rng.choice(["Re:", "[ticket]", "5 = 3 + 2?", "a?b=c", "plain text", "(x)"]))
    rng.shuffle(pieces)
    return " ".join(pieces)


def by_python(rng):
    charset = rng.choice(list(TEXTS))
    header = email.header.Header(rng.choice(TEXTS[charset]) * rng.randint(1, 5), charset, header_name="Subject")
    return header.encode(linesep="\n").replace("\n", "").strip()


def oracle(body):
    """decode_header joins neighbours of one charset as bytes, as is done here; charsets meet as they come."""
    out = []
    for data, charset in email.header.decode_header(body):
        if isinstance(data, str):
            out.append(data)
        elif charset is None:
            out.append(data.decode("ascii"))
        else:
            # Mail says gb2312 and means the larger sets.
            name = charset.split("*")[0].lower()
            name = {"eucgb2312_cn": "gb18030", "big5_tw": "big5", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949",
                    "iso-8859-1": "windows-1252", "iso-8859-9": "windows-1254"}.get(name, name)
            out.append(data.decode(name))
    return "".join(out)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    rng = random.Random(20260801)
    bodies = [by_hand(rng) if i % 2 else by_python(rng) for i in range(count)]
    run = subprocess.run([sys.argv[1]], input="\n".join(bodies).encode() + b"\n", stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode().splitlines()
    if len(answers) != count:
        sys.exit(f"{len(answers)} answers to {count} subjects")
    wrong = 0
    for body, answer in zip(bodies, answers):
        expected = oracle(body)
        got = bytes.fromhex(answer.rstrip("!")).decode()
        if got != expected or answer.endswith("!"):
            wrong += 1
            print(f"{body}\n  oracle: {expected!r}\n  ours:   {got!r}{' undecodable' * answer.endswith('!')}")
    print(f"{count - wrong} of {count} subjects as Python reads them")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
