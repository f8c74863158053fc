#include "charset.h"

#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#define REPLACEMENT 0xfffdU

enum charset_kind {
	KIND_ASCII,
	KIND_UTF8,
	KIND_WINDOWS_1252,
	KIND_TABLE,    /* ICU's, ASCII below 0x80 */
	KIND_STATEFUL, /* ICU's, ASCII bytes may mean something else */
};

struct charset {
	const char *icu_name;
	enum charset_kind kind;
};

struct label {
	const char *name;
	unsigned charset;
};

/* Mail says iso-8859-1, gb2312 or ks_c_5601-1987 and means the larger set that Windows made of it. */
enum charset_number {
	CHARSET_US_ASCII,
	CHARSET_UTF_8,
	CHARSET_WINDOWS_1252,
	CHARSET_WINDOWS_1250,
	CHARSET_WINDOWS_1251,
	CHARSET_WINDOWS_1253,
	CHARSET_WINDOWS_1254,
	CHARSET_WINDOWS_1255,
	CHARSET_WINDOWS_1256,
	CHARSET_WINDOWS_1257,
	CHARSET_WINDOWS_1258,
	CHARSET_WINDOWS_874,
	CHARSET_ISO_8859_2,
	CHARSET_ISO_8859_3,
	CHARSET_ISO_8859_4,
	CHARSET_ISO_8859_5,
	CHARSET_ISO_8859_6,
	CHARSET_ISO_8859_7,
	CHARSET_ISO_8859_8,
	CHARSET_ISO_8859_10,
	CHARSET_ISO_8859_13,
	CHARSET_ISO_8859_14,
	CHARSET_ISO_8859_15,
	CHARSET_KOI8_R,
	CHARSET_KOI8_U,
	CHARSET_IBM866,
	CHARSET_IBM850,
	CHARSET_IBM852,
	CHARSET_IBM437,
	CHARSET_MACINTOSH,
	CHARSET_X_MAC_CYRILLIC,
	CHARSET_WINDOWS_31J,
	CHARSET_EUC_JP,
	CHARSET_ISO_2022_JP,
	CHARSET_ISO_2022_JP_2,
	CHARSET_GB18030,
	CHARSET_HZ,
	CHARSET_BIG5_HKSCS,
	CHARSET_EUC_TW,
	CHARSET_WINDOWS_949,
	CHARSET_ISO_2022_KR,
};

static const struct charset charsets[] = {
	[CHARSET_US_ASCII] = {"US-ASCII", KIND_ASCII},
	[CHARSET_UTF_8] = {"UTF-8", KIND_UTF8},
	[CHARSET_WINDOWS_1252] = {"windows-1252", KIND_WINDOWS_1252},
	[CHARSET_WINDOWS_1250] = {"windows-1250", KIND_TABLE},
	[CHARSET_WINDOWS_1251] = {"windows-1251", KIND_TABLE},
	[CHARSET_WINDOWS_1253] = {"windows-1253", KIND_TABLE},
	[CHARSET_WINDOWS_1254] = {"windows-1254", KIND_TABLE},
	[CHARSET_WINDOWS_1255] = {"windows-1255", KIND_TABLE},
	[CHARSET_WINDOWS_1256] = {"windows-1256", KIND_TABLE},
	[CHARSET_WINDOWS_1257] = {"windows-1257", KIND_TABLE},
	[CHARSET_WINDOWS_1258] = {"windows-1258", KIND_TABLE},
	[CHARSET_WINDOWS_874] = {"windows-874", KIND_TABLE},
	[CHARSET_ISO_8859_2] = {"ISO-8859-2", KIND_TABLE},
	[CHARSET_ISO_8859_3] = {"ISO-8859-3", KIND_TABLE},
	[CHARSET_ISO_8859_4] = {"ISO-8859-4", KIND_TABLE},
	[CHARSET_ISO_8859_5] = {"ISO-8859-5", KIND_TABLE},
	[CHARSET_ISO_8859_6] = {"ISO-8859-6", KIND_TABLE},
	[CHARSET_ISO_8859_7] = {"ISO-8859-7", KIND_TABLE},
	[CHARSET_ISO_8859_8] = {"ISO-8859-8", KIND_TABLE},
	[CHARSET_ISO_8859_10] = {"ISO-8859-10", KIND_TABLE},
	[CHARSET_ISO_8859_13] = {"ISO-8859-13", KIND_TABLE},
	[CHARSET_ISO_8859_14] = {"ISO-8859-14", KIND_TABLE},
	[CHARSET_ISO_8859_15] = {"ISO-8859-15", KIND_TABLE},
	[CHARSET_KOI8_R] = {"KOI8-R", KIND_TABLE},
	[CHARSET_KOI8_U] = {"KOI8-U", KIND_TABLE},
	[CHARSET_IBM866] = {"IBM866", KIND_TABLE},
	[CHARSET_IBM850] = {"IBM850", KIND_TABLE},
	[CHARSET_IBM852] = {"IBM852", KIND_TABLE},
	[CHARSET_IBM437] = {"IBM437", KIND_TABLE},
	[CHARSET_MACINTOSH] = {"macintosh", KIND_TABLE},
	[CHARSET_X_MAC_CYRILLIC] = {"x-mac-cyrillic", KIND_TABLE},
	[CHARSET_WINDOWS_31J] = {"windows-31j", KIND_TABLE},
	[CHARSET_EUC_JP] = {"EUC-JP", KIND_TABLE},
	[CHARSET_ISO_2022_JP] = {"ISO-2022-JP", KIND_STATEFUL},
	[CHARSET_ISO_2022_JP_2] = {"ISO-2022-JP-2", KIND_STATEFUL},
	[CHARSET_GB18030] = {"gb18030", KIND_TABLE},
	[CHARSET_HZ] = {"HZ", KIND_STATEFUL},
	[CHARSET_BIG5_HKSCS] = {"Big5-HKSCS", KIND_TABLE},
	[CHARSET_EUC_TW] = {"EUC-TW", KIND_TABLE},
	[CHARSET_WINDOWS_949] = {"windows-949", KIND_TABLE},
	[CHARSET_ISO_2022_KR] = {"ISO-2022-KR", KIND_STATEFUL},
};

/* Sorted: searched by halves. */
static const struct label labels[] = {
	{"437", CHARSET_IBM437},
	{"646", CHARSET_US_ASCII},
	{"850", CHARSET_IBM850},
	{"852", CHARSET_IBM852},
	{"866", CHARSET_IBM866},
	{"ansi_x3.4-1968", CHARSET_US_ASCII},
	{"ansi_x3.4-1986", CHARSET_US_ASCII},
	{"arabic", CHARSET_ISO_8859_6},
	{"ascii", CHARSET_US_ASCII},
	{"asmo-708", CHARSET_ISO_8859_6},
	{"big-5", CHARSET_BIG5_HKSCS},
	{"big5", CHARSET_BIG5_HKSCS},
	{"big5-eten", CHARSET_BIG5_HKSCS},
	{"big5-hkscs", CHARSET_BIG5_HKSCS},
	{"big5_tw", CHARSET_BIG5_HKSCS},
	{"big5hkscs", CHARSET_BIG5_HKSCS},
	{"chinese", CHARSET_GB18030},
	{"cn-big5", CHARSET_BIG5_HKSCS},
	{"cp-1250", CHARSET_WINDOWS_1250},
	{"cp-1251", CHARSET_WINDOWS_1251},
	{"cp-1252", CHARSET_WINDOWS_1252},
	{"cp-1253", CHARSET_WINDOWS_1253},
	{"cp-1254", CHARSET_WINDOWS_1254},
	{"cp-1255", CHARSET_WINDOWS_1255},
	{"cp-1256", CHARSET_WINDOWS_1256},
	{"cp-1257", CHARSET_WINDOWS_1257},
	{"cp-1258", CHARSET_WINDOWS_1258},
	{"cp-437", CHARSET_IBM437},
	{"cp-65001", CHARSET_UTF_8},
	{"cp-850", CHARSET_IBM850},
	{"cp-852", CHARSET_IBM852},
	{"cp-866", CHARSET_IBM866},
	{"cp-874", CHARSET_WINDOWS_874},
	{"cp-932", CHARSET_WINDOWS_31J},
	{"cp-936", CHARSET_GB18030},
	{"cp-949", CHARSET_WINDOWS_949},
	{"cp-950", CHARSET_BIG5_HKSCS},
	{"cp1250", CHARSET_WINDOWS_1250},
	{"cp1251", CHARSET_WINDOWS_1251},
	{"cp1252", CHARSET_WINDOWS_1252},
	{"cp1253", CHARSET_WINDOWS_1253},
	{"cp1254", CHARSET_WINDOWS_1254},
	{"cp1255", CHARSET_WINDOWS_1255},
	{"cp1256", CHARSET_WINDOWS_1256},
	{"cp1257", CHARSET_WINDOWS_1257},
	{"cp1258", CHARSET_WINDOWS_1258},
	{"cp367", CHARSET_US_ASCII},
	{"cp437", CHARSET_IBM437},
	{"cp50220", CHARSET_ISO_2022_JP},
	{"cp50221", CHARSET_ISO_2022_JP},
	{"cp50222", CHARSET_ISO_2022_JP},
	{"cp51932", CHARSET_EUC_JP},
	{"cp65001", CHARSET_UTF_8},
	{"cp819", CHARSET_WINDOWS_1252},
	{"cp850", CHARSET_IBM850},
	{"cp852", CHARSET_IBM852},
	{"cp866", CHARSET_IBM866},
	{"cp874", CHARSET_WINDOWS_874},
	{"cp932", CHARSET_WINDOWS_31J},
	{"cp936", CHARSET_GB18030},
	{"cp949", CHARSET_WINDOWS_949},
	{"cp950", CHARSET_BIG5_HKSCS},
	{"csascii", CHARSET_US_ASCII},
	{"csbig5", CHARSET_BIG5_HKSCS},
	{"cseuckr", CHARSET_WINDOWS_949},
	{"cseucpkdfmtjapanese", CHARSET_EUC_JP},
	{"csgb2312", CHARSET_GB18030},
	{"csibm866", CHARSET_IBM866},
	{"csiso2022jp", CHARSET_ISO_2022_JP},
	{"csiso2022kr", CHARSET_ISO_2022_KR},
	{"csiso58gb231280", CHARSET_GB18030},
	{"csiso88596e", CHARSET_ISO_8859_6},
	{"csiso88596i", CHARSET_ISO_8859_6},
	{"csiso88598e", CHARSET_ISO_8859_8},
	{"csiso88598i", CHARSET_ISO_8859_8},
	{"csisolatin1", CHARSET_WINDOWS_1252},
	{"csisolatin2", CHARSET_ISO_8859_2},
	{"csisolatin3", CHARSET_ISO_8859_3},
	{"csisolatin4", CHARSET_ISO_8859_4},
	{"csisolatin5", CHARSET_WINDOWS_1254},
	{"csisolatin6", CHARSET_ISO_8859_10},
	{"csisolatin9", CHARSET_ISO_8859_15},
	{"csisolatinarabic", CHARSET_ISO_8859_6},
	{"csisolatincyrillic", CHARSET_ISO_8859_5},
	{"csisolatingreek", CHARSET_ISO_8859_7},
	{"csisolatinhebrew", CHARSET_ISO_8859_8},
	{"cskoi8r", CHARSET_KOI8_R},
	{"csksc56011987", CHARSET_WINDOWS_949},
	{"csmacintosh", CHARSET_MACINTOSH},
	{"cspc850multilingual", CHARSET_IBM850},
	{"cspc8codepage437", CHARSET_IBM437},
	{"cspcp852", CHARSET_IBM852},
	{"csshiftjis", CHARSET_WINDOWS_31J},
	{"cswindows31j", CHARSET_WINDOWS_31J},
	{"cyrillic", CHARSET_ISO_8859_5},
	{"dos-874", CHARSET_WINDOWS_874},
	{"ecma-114", CHARSET_ISO_8859_6},
	{"ecma-118", CHARSET_ISO_8859_7},
	{"elot_928", CHARSET_ISO_8859_7},
	{"euc-cn", CHARSET_GB18030},
	{"euc-jp", CHARSET_EUC_JP},
	{"euc-kr", CHARSET_WINDOWS_949},
	{"euc-tw", CHARSET_EUC_TW},
	{"euc_jp", CHARSET_EUC_JP},
	{"euc_kr", CHARSET_WINDOWS_949},
	{"eucgb2312_cn", CHARSET_GB18030},
	{"eucjp", CHARSET_EUC_JP},
	{"euckr", CHARSET_WINDOWS_949},
	{"gb-2312", CHARSET_GB18030},
	{"gb18030", CHARSET_GB18030},
	{"gb18030-2000", CHARSET_GB18030},
	{"gb2312", CHARSET_GB18030},
	{"gb2312-80", CHARSET_GB18030},
	{"gb_2312", CHARSET_GB18030},
	{"gb_2312-80", CHARSET_GB18030},
	{"gbk", CHARSET_GB18030},
	{"greek", CHARSET_ISO_8859_7},
	{"greek8", CHARSET_ISO_8859_7},
	{"hebrew", CHARSET_ISO_8859_8},
	{"hz", CHARSET_HZ},
	{"hz-gb-2312", CHARSET_HZ},
	{"ibm-437", CHARSET_IBM437},
	{"ibm-850", CHARSET_IBM850},
	{"ibm-852", CHARSET_IBM852},
	{"ibm-866", CHARSET_IBM866},
	{"ibm367", CHARSET_US_ASCII},
	{"ibm437", CHARSET_IBM437},
	{"ibm819", CHARSET_WINDOWS_1252},
	{"ibm850", CHARSET_IBM850},
	{"ibm852", CHARSET_IBM852},
	{"ibm866", CHARSET_IBM866},
	{"iso-2022-jp", CHARSET_ISO_2022_JP},
	{"iso-2022-jp-1", CHARSET_ISO_2022_JP_2},
	{"iso-2022-jp-2", CHARSET_ISO_2022_JP_2},
	{"iso-2022-jp-ms", CHARSET_ISO_2022_JP},
	{"iso-2022-kr", CHARSET_ISO_2022_KR},
	{"iso-8859-1", CHARSET_WINDOWS_1252},
	{"iso-8859-10", CHARSET_ISO_8859_10},
	{"iso-8859-11", CHARSET_WINDOWS_874},
	{"iso-8859-13", CHARSET_ISO_8859_13},
	{"iso-8859-14", CHARSET_ISO_8859_14},
	{"iso-8859-15", CHARSET_ISO_8859_15},
	{"iso-8859-2", CHARSET_ISO_8859_2},
	{"iso-8859-3", CHARSET_ISO_8859_3},
	{"iso-8859-4", CHARSET_ISO_8859_4},
	{"iso-8859-5", CHARSET_ISO_8859_5},
	{"iso-8859-6", CHARSET_ISO_8859_6},
	{"iso-8859-6-e", CHARSET_ISO_8859_6},
	{"iso-8859-6-i", CHARSET_ISO_8859_6},
	{"iso-8859-7", CHARSET_ISO_8859_7},
	{"iso-8859-8", CHARSET_ISO_8859_8},
	{"iso-8859-8-e", CHARSET_ISO_8859_8},
	{"iso-8859-8-i", CHARSET_ISO_8859_8},
	{"iso-8859-9", CHARSET_WINDOWS_1254},
	{"iso-ir-100", CHARSET_WINDOWS_1252},
	{"iso-ir-101", CHARSET_ISO_8859_2},
	{"iso-ir-109", CHARSET_ISO_8859_3},
	{"iso-ir-110", CHARSET_ISO_8859_4},
	{"iso-ir-126", CHARSET_ISO_8859_7},
	{"iso-ir-127", CHARSET_ISO_8859_6},
	{"iso-ir-138", CHARSET_ISO_8859_8},
	{"iso-ir-144", CHARSET_ISO_8859_5},
	{"iso-ir-148", CHARSET_WINDOWS_1254},
	{"iso-ir-149", CHARSET_WINDOWS_949},
	{"iso-ir-157", CHARSET_ISO_8859_10},
	{"iso-ir-58", CHARSET_GB18030},
	{"iso-ir-6", CHARSET_US_ASCII},
	{"iso2022jp", CHARSET_ISO_2022_JP},
	{"iso2022kr", CHARSET_ISO_2022_KR},
	{"iso646-us", CHARSET_US_ASCII},
	{"iso8859-1", CHARSET_WINDOWS_1252},
	{"iso8859-10", CHARSET_ISO_8859_10},
	{"iso8859-11", CHARSET_WINDOWS_874},
	{"iso8859-13", CHARSET_ISO_8859_13},
	{"iso8859-14", CHARSET_ISO_8859_14},
	{"iso8859-15", CHARSET_ISO_8859_15},
	{"iso8859-2", CHARSET_ISO_8859_2},
	{"iso8859-3", CHARSET_ISO_8859_3},
	{"iso8859-4", CHARSET_ISO_8859_4},
	{"iso8859-5", CHARSET_ISO_8859_5},
	{"iso8859-6", CHARSET_ISO_8859_6},
	{"iso8859-7", CHARSET_ISO_8859_7},
	{"iso8859-8", CHARSET_ISO_8859_8},
	{"iso8859-9", CHARSET_WINDOWS_1254},
	{"iso88591", CHARSET_WINDOWS_1252},
	{"iso885910", CHARSET_ISO_8859_10},
	{"iso885911", CHARSET_WINDOWS_874},
	{"iso885913", CHARSET_ISO_8859_13},
	{"iso885914", CHARSET_ISO_8859_14},
	{"iso885915", CHARSET_ISO_8859_15},
	{"iso88592", CHARSET_ISO_8859_2},
	{"iso88593", CHARSET_ISO_8859_3},
	{"iso88594", CHARSET_ISO_8859_4},
	{"iso88595", CHARSET_ISO_8859_5},
	{"iso88596", CHARSET_ISO_8859_6},
	{"iso88597", CHARSET_ISO_8859_7},
	{"iso88598", CHARSET_ISO_8859_8},
	{"iso88599", CHARSET_WINDOWS_1254},
	{"iso_646.irv:1991", CHARSET_US_ASCII},
	{"iso_8859-1", CHARSET_WINDOWS_1252},
	{"iso_8859-10", CHARSET_ISO_8859_10},
	{"iso_8859-13", CHARSET_ISO_8859_13},
	{"iso_8859-14", CHARSET_ISO_8859_14},
	{"iso_8859-15", CHARSET_ISO_8859_15},
	{"iso_8859-1:1987", CHARSET_WINDOWS_1252},
	{"iso_8859-2", CHARSET_ISO_8859_2},
	{"iso_8859-2:1987", CHARSET_ISO_8859_2},
	{"iso_8859-3", CHARSET_ISO_8859_3},
	{"iso_8859-3:1988", CHARSET_ISO_8859_3},
	{"iso_8859-4", CHARSET_ISO_8859_4},
	{"iso_8859-4:1988", CHARSET_ISO_8859_4},
	{"iso_8859-5", CHARSET_ISO_8859_5},
	{"iso_8859-5:1988", CHARSET_ISO_8859_5},
	{"iso_8859-6", CHARSET_ISO_8859_6},
	{"iso_8859-6:1987", CHARSET_ISO_8859_6},
	{"iso_8859-7", CHARSET_ISO_8859_7},
	{"iso_8859-7:1987", CHARSET_ISO_8859_7},
	{"iso_8859-8", CHARSET_ISO_8859_8},
	{"iso_8859-8:1988", CHARSET_ISO_8859_8},
	{"iso_8859-9", CHARSET_WINDOWS_1254},
	{"iso_8859-9:1989", CHARSET_WINDOWS_1254},
	{"koi", CHARSET_KOI8_R},
	{"koi8", CHARSET_KOI8_R},
	{"koi8-r", CHARSET_KOI8_R},
	{"koi8-ru", CHARSET_KOI8_U},
	{"koi8-u", CHARSET_KOI8_U},
	{"koi8_r", CHARSET_KOI8_R},
	{"koi8_u", CHARSET_KOI8_U},
	{"koi8r", CHARSET_KOI8_R},
	{"koi8u", CHARSET_KOI8_U},
	{"korean", CHARSET_WINDOWS_949},
	{"ks_c_5601", CHARSET_WINDOWS_949},
	{"ks_c_5601-1987", CHARSET_WINDOWS_949},
	{"ks_c_5601-1989", CHARSET_WINDOWS_949},
	{"ks_c_5601_1987", CHARSET_WINDOWS_949},
	{"ksc5601", CHARSET_WINDOWS_949},
	{"ksc5601-1987", CHARSET_WINDOWS_949},
	{"ksc_5601", CHARSET_WINDOWS_949},
	{"l1", CHARSET_WINDOWS_1252},
	{"l2", CHARSET_ISO_8859_2},
	{"l3", CHARSET_ISO_8859_3},
	{"l4", CHARSET_ISO_8859_4},
	{"l5", CHARSET_WINDOWS_1254},
	{"l6", CHARSET_ISO_8859_10},
	{"l9", CHARSET_ISO_8859_15},
	{"latin-1", CHARSET_WINDOWS_1252},
	{"latin-2", CHARSET_ISO_8859_2},
	{"latin-5", CHARSET_WINDOWS_1254},
	{"latin-9", CHARSET_ISO_8859_15},
	{"latin1", CHARSET_WINDOWS_1252},
	{"latin2", CHARSET_ISO_8859_2},
	{"latin3", CHARSET_ISO_8859_3},
	{"latin4", CHARSET_ISO_8859_4},
	{"latin5", CHARSET_WINDOWS_1254},
	{"latin6", CHARSET_ISO_8859_10},
	{"latin9", CHARSET_ISO_8859_15},
	{"logical", CHARSET_ISO_8859_8},
	{"mac", CHARSET_MACINTOSH},
	{"mac-roman", CHARSET_MACINTOSH},
	{"macintosh", CHARSET_MACINTOSH},
	{"macroman", CHARSET_MACINTOSH},
	{"ms932", CHARSET_WINDOWS_31J},
	{"ms936", CHARSET_GB18030},
	{"ms949", CHARSET_WINDOWS_949},
	{"ms_kanji", CHARSET_WINDOWS_31J},
	{"shift-jis", CHARSET_WINDOWS_31J},
	{"shift_jis", CHARSET_WINDOWS_31J},
	{"shiftjis", CHARSET_WINDOWS_31J},
	{"sjis", CHARSET_WINDOWS_31J},
	{"tis-620", CHARSET_WINDOWS_874},
	{"tis620", CHARSET_WINDOWS_874},
	{"uhc", CHARSET_WINDOWS_949},
	{"unicode-1-1-utf-8", CHARSET_UTF_8},
	{"unicode-2-0-utf-8", CHARSET_UTF_8},
	{"unicode11utf8", CHARSET_UTF_8},
	{"unicode20utf8", CHARSET_UTF_8},
	{"us", CHARSET_US_ASCII},
	{"us-ascii", CHARSET_US_ASCII},
	{"utf-8", CHARSET_UTF_8},
	{"utf8", CHARSET_UTF_8},
	{"utf8mb4", CHARSET_UTF_8},
	{"utf_8", CHARSET_UTF_8},
	{"win-1250", CHARSET_WINDOWS_1250},
	{"win-1251", CHARSET_WINDOWS_1251},
	{"win-1252", CHARSET_WINDOWS_1252},
	{"win-1253", CHARSET_WINDOWS_1253},
	{"win-1254", CHARSET_WINDOWS_1254},
	{"win-1255", CHARSET_WINDOWS_1255},
	{"win-1256", CHARSET_WINDOWS_1256},
	{"win-1257", CHARSET_WINDOWS_1257},
	{"win-1258", CHARSET_WINDOWS_1258},
	{"win1251", CHARSET_WINDOWS_1251},
	{"windows-1250", CHARSET_WINDOWS_1250},
	{"windows-1251", CHARSET_WINDOWS_1251},
	{"windows-1252", CHARSET_WINDOWS_1252},
	{"windows-1253", CHARSET_WINDOWS_1253},
	{"windows-1254", CHARSET_WINDOWS_1254},
	{"windows-1255", CHARSET_WINDOWS_1255},
	{"windows-1256", CHARSET_WINDOWS_1256},
	{"windows-1257", CHARSET_WINDOWS_1257},
	{"windows-1258", CHARSET_WINDOWS_1258},
	{"windows-31j", CHARSET_WINDOWS_31J},
	{"windows-874", CHARSET_WINDOWS_874},
	{"windows-932", CHARSET_WINDOWS_31J},
	{"windows-936", CHARSET_GB18030},
	{"windows-949", CHARSET_WINDOWS_949},
	{"windows-950", CHARSET_BIG5_HKSCS},
	{"windows1250", CHARSET_WINDOWS_1250},
	{"windows1251", CHARSET_WINDOWS_1251},
	{"windows1252", CHARSET_WINDOWS_1252},
	{"windows1253", CHARSET_WINDOWS_1253},
	{"windows1254", CHARSET_WINDOWS_1254},
	{"windows1255", CHARSET_WINDOWS_1255},
	{"windows1256", CHARSET_WINDOWS_1256},
	{"windows1257", CHARSET_WINDOWS_1257},
	{"windows1258", CHARSET_WINDOWS_1258},
	{"x-big5", CHARSET_BIG5_HKSCS},
	{"x-cp1250", CHARSET_WINDOWS_1250},
	{"x-cp1251", CHARSET_WINDOWS_1251},
	{"x-cp1252", CHARSET_WINDOWS_1252},
	{"x-cp1253", CHARSET_WINDOWS_1253},
	{"x-cp1254", CHARSET_WINDOWS_1254},
	{"x-cp1255", CHARSET_WINDOWS_1255},
	{"x-cp1256", CHARSET_WINDOWS_1256},
	{"x-cp1257", CHARSET_WINDOWS_1257},
	{"x-cp1258", CHARSET_WINDOWS_1258},
	{"x-euc-jp", CHARSET_EUC_JP},
	{"x-euc-kr", CHARSET_WINDOWS_949},
	{"x-gbk", CHARSET_GB18030},
	{"x-mac-cyrillic", CHARSET_X_MAC_CYRILLIC},
	{"x-mac-roman", CHARSET_MACINTOSH},
	{"x-mac-ukrainian", CHARSET_X_MAC_CYRILLIC},
	{"x-ms-cp932", CHARSET_WINDOWS_31J},
	{"x-shift-jis", CHARSET_WINDOWS_31J},
	{"x-sjis", CHARSET_WINDOWS_31J},
	{"x-unicode20utf8", CHARSET_UTF_8},
	{"x-windows-874", CHARSET_WINDOWS_874},
	{"x-windows-949", CHARSET_WINDOWS_949},
	{"x-x-big5", CHARSET_BIG5_HKSCS},
};

#define CHARSET_COUNT (sizeof(charsets) / sizeof(charsets[0]))
#define LABEL_COUNT   (sizeof(labels) / sizeof(labels[0]))
#define LABEL_MAX     40

static int compare_label(const void *key, const void *entry)
{
	const struct label *label = entry;

	return strcmp(key, label->name);
}

const struct charset *csp_charset_find(struct span label)
{
	char name[LABEL_MAX + 1];
	struct span language;

	csp_span_split(&label, &language, label, '*');
	if (label.len > LABEL_MAX)
		return NULL;
	for (size_t i = 0; i < label.len; i++)
		name[i] = csp_ascii_lower(label.data[i]);
	name[label.len] = '\0';
	/* A label with a NUL in it is none, though strcmp would stop there. */
	if (memchr(name, '\0', label.len))
		return NULL;
	const struct label *found =
		bsearch(name, labels, LABEL_COUNT, sizeof(labels[0]), compare_label);
	return found ? &charsets[found->charset] : NULL;
}

/* Zero: windows-1252 has no such character. */
static uint32_t windows_1252_rune(unsigned char byte)
{
	static const uint16_t upper_controls[32] = {
		0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
		0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
	};

	return byte >= 0x80 && byte < 0xa0 ? upper_controls[byte - 0x80] : byte;
}

static bool append_windows_1252(struct buf *out, struct span bytes)
{
	bool clean = true;

	while (bytes.len) {
		size_t plain = csp_span_ascii_length(bytes);
		csp_buf_append(out, csp_span_slice(bytes, 0, plain));
		if (plain == bytes.len)
			break;
		uint32_t rune = windows_1252_rune((unsigned char)bytes.data[plain]);
		csp_utf8_append(out, rune ? rune : REPLACEMENT);
		clean = clean && rune;
		bytes = csp_span_slice(bytes, plain + 1, bytes.len);
	}
	return clean;
}

/* What is UTF-8 as it is; `bad` appends any other byte. */
static bool append_utf8(struct buf *out, struct span bytes, void (*bad)(struct buf *, struct span))
{
	bool clean = true;

	for (;;) {
		size_t valid = csp_utf8_valid_length(bytes);
		csp_buf_append(out, csp_span_slice(bytes, 0, valid));
		if (valid == bytes.len)
			return clean;
		clean = false;
		bad(out, csp_span_slice(bytes, valid, valid + 1));
		bytes = csp_span_slice(bytes, valid + 1, bytes.len);
	}
}

static void append_replacement(struct buf *out, struct span byte)
{
	(void)byte;
	csp_utf8_append(out, REPLACEMENT);
}

static void append_guess(struct buf *out, struct span byte)
{
	append_windows_1252(out, byte);
}

bool csp_charset_guess(struct buf *out, struct span bytes)
{
	return append_utf8(out, bytes, append_guess);
}

struct complaint {
	bool *clean;
};

/*
 * ICU's own substitute would be U+001A for some bytes, which cannot be told from the character. A shift to
 * a set that nothing is written in is called irregular; words that are joined have one at every seam.
 */
static void replace_bad(const void *context, UConverterToUnicodeArgs *args, const char *bytes,
			int32_t len, UConverterCallbackReason reason, UErrorCode *status)
{
	const struct complaint *complaint = context;
	const UChar replacement = REPLACEMENT;

	(void)bytes;
	(void)len;
	if (reason > UCNV_IRREGULAR)
		return;
	*status = U_ZERO_ERROR;
	if (reason == UCNV_IRREGULAR)
		return;
	*complaint->clean = false;
	ucnv_cbToUWriteUChars(args, &replacement, 1, 0, status);
}

/* Length of the conversion, which may be more than `room`; negative when it cannot be made. */
static int32_t convert(char *target, int32_t room, UConverter *converter, struct span bytes)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = ucnv_toAlgorithmic(UCNV_UTF8, converter, target, room, bytes.data,
					 (int32_t)bytes.len, &status);

	return U_SUCCESS(status) || status == U_BUFFER_OVERFLOW_ERROR ? len : -1;
}

static void append_converted(struct buf *out, UConverter *converter, struct span bytes)
{
	/* Enough for most: two bytes of Chinese make three, one of Cyrillic two. */
	size_t room = bytes.len * 2 + 16;
	struct buf utf8;
	int32_t len;

	csp_buf_init(&utf8, INT32_MAX);
	for (;;) {
		char *target = csp_buf_room(&utf8, room);
		len = target ? convert(target, (int32_t)room, converter, bytes) : -1;
		if (len <= (int32_t)room)
			break;
		room = (size_t)len;
	}
	if (len >= 0) {
		utf8.len = (size_t)len;
		csp_buf_append(out, csp_buf_span(&utf8));
	} else {
		out->failed = true;
	}
	csp_buf_dispose(&utf8);
}

static bool convert_with_icu(struct buf *out, const char *icu_name, struct span bytes)
{
	UErrorCode status = U_ZERO_ERROR;
	bool clean = true;
	const struct complaint complaint = {&clean};
	UConverter *converter = ucnv_open(icu_name, &status);

	ucnv_setToUCallBack(converter, replace_bad, &complaint, NULL, NULL, &status);
	if (U_FAILURE(status) || bytes.len > INT32_MAX / 8)
		out->failed = true;
	else
		append_converted(out, converter, bytes);
	ucnv_close(converter);
	return clean;
}

bool csp_charset_to_utf8(struct buf *out, const struct charset *charset, struct span bytes)
{
	if (charset->kind != KIND_STATEFUL && csp_span_is_ascii(bytes)) {
		csp_buf_append(out, bytes);
		return true;
	}
	switch (charset->kind) {
	case KIND_ASCII:
		csp_charset_guess(out, bytes);
		return false;
	case KIND_UTF8:
		return append_utf8(out, bytes, append_replacement);
	case KIND_WINDOWS_1252:
		return append_windows_1252(out, bytes);
	case KIND_TABLE:
	case KIND_STATEFUL:
		break;
	}
	return convert_with_icu(out, charset->icu_name, bytes);
}

bool csp_charset_warm_up(void)
{
	for (size_t i = 0; i < CHARSET_COUNT; i++) {
		UErrorCode status = U_ZERO_ERROR;
		ucnv_close(ucnv_open(charsets[i].icu_name, &status));
		if (U_FAILURE(status))
			return false;
	}
	return true;
}
