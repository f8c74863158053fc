#!/usr/bin/env python3
"""Encoded-words against Python's email package: subjects in many scripts and charsets, encoded by Python's own
Header and by hand at every place a sender may cut, folded, with raw bytes, without a known charset, and mutated. Clean ones must
come back as Python reads them, without a mark. Of the others each must be marked, or read like that, or differ for one of
the reasons in DIFFERENCES.

usage: encword_oracle.py DECODE_LINES [COUNT]
"""
import base64
import collections
import email.errors
import email.header
import random
import re
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
    return " ".join(pieces).encode()


def by_python(rng):
    charset = rng.choice(list(TEXTS))
    header = email.header.Header(rng.choice(TEXTS[charset]) * rng.randint(1, 5), charset, header_name="Subject")
    return header.encode(linesep="\n").replace("\n", "").strip().encode()


def plain(rng):
    return rng.choice(["Re:", "[ticket]", "5 = 3 + 2?", "a?b=c", "plain text", "(x)", '"quoted"', "caf\u00e9", "\u0441\u0447\u0451\u0442"])


def raw(rng):
    """Bytes that no word holds: UTF-8, or a charset that nobody names."""
    charset = rng.choice(list(TEXTS))
    text = rng.choice(TEXTS[charset])
    data = text.encode() if rng.random() < 0.5 or charset in STATEFUL else text.encode(charset)
    return rng.choice([b"", by_hand(rng) + b" "]) + data


def between(rng):
    """Words of different charsets next to each other, with nothing, blanks or quotes around them."""
    words = []
    for _ in range(rng.randint(2, 5)):
        charset = rng.choice(list(TEXTS))
        words.append(word(rng, charset, "", rng.choice(TEXTS[charset]).encode(charset)))
    if rng.random() < 0.3:
        words = [f'"{w}"' for w in words]
    return rng.choice(["", " ", "\t ", ", "]).join(words).encode()


def folded(rng):
    """A long subject, folded at blanks as senders fold, and by some in odd places."""
    pieces = b" ".join(by_hand(rng) if rng.random() < 0.7 else plain(rng).encode() for _ in range(rng.randint(3, 12)))
    out = b""
    for byte in pieces:
        fold = byte in b" \t" and rng.random() < 0.3
        out += rng.choice([b"\n", b"\r\n"]) * fold + bytes([byte])
    return out


def unknown(rng):
    label = rng.choice(["x-unknown", "utf-7", "utf-16", "unknown-8bit", "iso-8859-99", "cp037", "x", "visual", "8bit"])
    return (word(rng, label, "", rng.choice(TEXTS["utf-8"]).encode()) + " " + plain(rng)).encode()


PIECES = [b"=?", b"?=", b"=", b"?", b" ", b"_", b"\t", b"=C3", b"=E", b"==", b"A", b"!", b"*", b"\xc3", b"\xe9", b"=?utf-8?q?", b"=?utf-8?b?",
          b"=?x?", b"?q?", b"?B?", b"utf-8", b"\r\n ", b'"']


def mutate(rng, body):
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(body) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            body = body[:at] + body[at + rng.randint(1, 3):]
        elif kind == 1:
            body = body[:at] + rng.choice(PIECES) + body[at:]
        elif kind == 2:
            body = body[:at] + rng.choice(PIECES) + body[at + 1:]
        elif kind == 3:
            body = body[:at]
        elif kind == 4:
            other = rng.choice([by_hand, by_python])(rng)
            body = body[:at] + other + body[at:]
        else:
            body = body[:at] + body[at + 1:at + 2] + body[at:at + 1] + body[at + 2:]
    return body


def mutated(rng):
    return mutate(rng, rng.choice([by_hand, by_python, between, folded])(rng))


# How many of a thousand subjects have the shape, and whether a mark of ours is an answer to it.
SHAPES = {
    by_hand: (200, False),
    by_python: (150, False),
    between: (100, False),
    folded: (100, False),
    raw: (50, True),
    unknown: (50, True),
    mutated: (350, True),
}

# To Python every byte above 0x7f stands as a character that it takes for no blank and no end of a line.
HIGH = {byte: 0xe000 + byte for byte in range(0x80, 0x100)}
HIGH_WRITTEN = re.compile(rb"\\ue0([89a-f][0-9a-f])")

# Mail says gb2312 and means the larger sets.
LARGER = {"eucgb2312_cn": "gb18030", "big5_tw": "big5hkscs", "big5": "big5hkscs", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949",
          "iso-8859-1": "windows-1252", "iso-8859-9": "windows-1254"}


def bytes_of(data):
    if isinstance(data, str):
        data = data.encode("raw-unicode-escape")
    return HIGH_WRITTEN.sub(lambda match: bytes.fromhex(match[1].decode()), data)


def oracle(body):
    """What Python reads; None when it does not. Neighbours of one charset are joined as bytes, as is done here."""
    unfolded = re.sub(rb"\r?\n(?=[ \t])", b"", body).strip(b" \t").decode("latin-1").translate(HIGH)
    out = []
    try:
        for data, charset in email.header.decode_header(unfolded):
            name = (charset or "utf-8").split("*")[0].lower()
            out.append(bytes_of(data).decode(LARGER.get(name, name)))
    except (email.errors.HeaderParseError, UnicodeError, LookupError, ValueError):
        return None
    return "".join(out)


WORD = re.compile(rb"=\?([^?*]+)(\*[^?]*)?\?([bBqQ])\?(.*?)\?=")


def rewrite(body, change):
    unfolded = re.sub(rb"\r?\n(?=[ \t])", b"", body)
    return WORD.sub(lambda match: b"=?%s?%s?%s?=" % change(*match.groups(b"")), unfolded)


def without_language(label, language, encoding, text):
    return label, encoding, text


def without_blanks(label, language, encoding, text):
    return label + language, encoding, re.sub(rb"[ \t]", b"", text) if encoding in b"bB" else text


def known_label(label, language, encoding, text):
    known = {b"koi8": b"koi8-r", b"shiftjis": b"shift_jis"}.get(label.lower(), label)
    return known + language, encoding, text


# What Python reads otherwise, and how the body would have to be written for it to be read as here.
DIFFERENCES = {
    "a language makes another charset": without_language,
    "a blank in base64 is counted for the padding": without_blanks,
    "a label that Python does not know": known_label,
}


def explained(body, got):
    """The name of a difference that makes Python's reading ours, alone or with those before it; None when none does."""
    together = body
    for name, change in DIFFERENCES.items():
        together = rewrite(together, change)
        if got in (oracle(rewrite(body, change)), oracle(together)):
            return name
    return None


def judge(shape, body, answer):
    """None when all is well, else the name of a known difference, or what is wrong."""
    marked = answer.endswith("!")
    got = bytes.fromhex(answer.rstrip("!")).decode()
    expected = oracle(body)
    if marked and SHAPES[shape][1]:
        return "marked, same text" if got == expected else "marked"
    if not marked and got == expected:
        return "same"
    return (not marked and explained(body, got)) or f"{shape.__name__}: {body!r}\n  oracle: {expected!r}\n  ours:   {got!r}{' undecodable' * marked}"


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 24000
    rng = random.Random(20260801)
    shapes = rng.choices(list(SHAPES), [weight for weight, _ in SHAPES.values()], k=count)
    bodies = [shape(rng) for shape in shapes]
    run = subprocess.run([sys.argv[1]], input="".join(body.hex() + "\n" for body in bodies).encode(), stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode().splitlines()
    if len(answers) != count:
        sys.exit(f"{len(answers)} answers to {count} subjects")
    verdicts = collections.Counter()
    wrong = 0
    for shape, body, answer in zip(shapes, bodies, answers):
        verdict = judge(shape, body, answer)
        if "\n" in verdict:
            wrong += 1
            print(verdict)
        else:
            verdicts[shape.__name__, verdict] += 1
    for (shape, verdict), number in sorted(verdicts.items()):
        print(f"{shape:10} {verdict:46} {number}")
    print(f"{count - wrong} of {count} subjects as Python reads them, marked, or explained")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
