#include "../check.h"

#include "charset.h"
#include "utf8.h"

struct bytes_case {
	const char *label;
	struct span bytes;
	const char *utf8;
	bool clean;
};

static const struct bytes_case bytes_cases[] = {
	{"us-ascii", SPAN_INIT("abc"), "abc", true},
	{"US-ASCII", SPAN_INIT("caf\xc3\xa9"), "caf\xc3\xa9", false},
	{"us-ascii", SPAN_INIT("caf\xe9"), "caf\xc3\xa9", false},
	{"utf-8", SPAN_INIT("\xc3\xa9\xe6\xbc\xa2"), "\xc3\xa9\xe6\xbc\xa2", true},
	{"UTF8", SPAN_INIT("a\xc3"), "a\xef\xbf\xbd", false},
	{"utf-8", SPAN_INIT("\xc0\xafz"), "\xef\xbf\xbd\xef\xbf\xbdz", false},
	{"iso-8859-1", SPAN_INIT("caf\xe9 \x80"), "caf\xc3\xa9 \xe2\x82\xac", true},
	{"latin1", SPAN_INIT("\x81"), "\xef\xbf\xbd", false},
	{"windows-1252", SPAN_INIT("\x93q\x94"), "\xe2\x80\x9cq\xe2\x80\x9d", true},
	{"iso-8859-2", SPAN_INIT("\xb3"), "\xc5\x82", true},
	{"iso-8859-5", SPAN_INIT("\xc1\xe7\xd5\xe2"), "\xd0\xa1\xd1\x87\xd0\xb5\xd1\x82", true},
	{"iso-8859-7", SPAN_INIT("\xe1"), "\xce\xb1", true},
	{"iso-8859-8-i", SPAN_INIT("\xe9"), "\xd7\x99", true},
	{"iso-8859-8", SPAN_INIT("\xbf"), "\xef\xbf\xbd", false},
	{"iso-8859-9", SPAN_INIT("\xf0\xfd"), "\xc4\x9f\xc4\xb1", true},
	{"iso-8859-15", SPAN_INIT("\xa4"), "\xe2\x82\xac", true},
	{"windows-1250", SPAN_INIT("\x9c"), "\xc5\x9b", true},
	{"cp1251", SPAN_INIT("\xd1\xf7\xe5\xf2"), "\xd0\xa1\xd1\x87\xd0\xb5\xd1\x82", true},
	{"windows-1256", SPAN_INIT("\xc7"), "\xd8\xa7", true},
	{"koi8-r", SPAN_INIT("\xf3\xde\xc5\xd4"), "\xd0\xa1\xd1\x87\xd0\xb5\xd1\x82", true},
	{"koi8-u", SPAN_INIT("\xa6"), "\xd1\x96", true},
	{"tis-620", SPAN_INIT("\xe3\xba"), "\xe0\xb9\x83\xe0\xb8\x9a", true},
	{"iso-2022-jp", SPAN_INIT("\x1b$B@A5a=q\x1b(B!"), "\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8!",
	 true},
	{"shift_jis", SPAN_INIT("\x90\xbf\x8b\x81\x8f\x91"), "\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8",
	 true},
	{"x-sjis", SPAN_INIT("\x87\x40"), "\xe2\x91\xa0", true},
	{"shift_jis", SPAN_INIT("a\x90"), "a\xef\xbf\xbd", false},
	{"euc-jp", SPAN_INIT("\xc0\xc1\xb5\xe1\xbd\xf1"), "\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8",
	 true},
	{"gb2312", SPAN_INIT("\xb7\xa2\xc6\xb1"), "\xe5\x8f\x91\xe7\xa5\xa8", true},
	{"GBK", SPAN_INIT("\xe9\x46"), "\xe9\x95\x95", true},
	{"gb18030", SPAN_INIT("\x81\x30\x81\x30"), "\xc2\x80", true},
	{"gb18030", SPAN_INIT("\x95\x32\x82\x36"), "\xf0\xa0\x80\x80", true},
	{"iso-2022-jp", SPAN_INIT("\x1b$B@A\x1b(B\x1b$B5a\x1b(B"), "\xe8\xab\x8b\xe6\xb1\x82",
	 true},
	{"iso-2022-jp", SPAN_INIT("\x1b$B@A\xff"), "\xe8\xab\x8b\xef\xbf\xbd", false},
	{"hz-gb-2312", SPAN_INIT("~{7\"~}~{F1~}"), "\xe5\x8f\x91\xe7\xa5\xa8", true},
	{"hz-gb-2312", SPAN_INIT("~{7\"F1~}"), "\xe5\x8f\x91\xe7\xa5\xa8", true},
	{"big5", SPAN_INIT("\xb5\x6f\xb2\xbc"), "\xe7\x99\xbc\xe7\xa5\xa8", true},
	{"euc-kr", SPAN_INIT("\xc3\xbb\xb1\xb8\xbc\xad"), "\xec\xb2\xad\xea\xb5\xac\xec\x84\x9c",
	 true},
	{"ks_c_5601-1987", SPAN_INIT("\x81\x41"), "\xea\xb0\x82", true},
	{"iso-8859-1*fr", SPAN_INIT("\xe9"), "\xc3\xa9", true},
	{"UTF-8*", SPAN_INIT("x"), "x", true},
};

static void bytes_of_every_charset_become_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bytes_cases); i++) {
		const struct bytes_case *c = &bytes_cases[i];
		const struct charset *charset = csp_charset_find(csp_span_from(c->label));
		struct buf out;

		CHECK(c->label, charset != NULL);
		csp_buf_init(&out, 1000);
		CHECK(c->label, csp_charset_to_utf8(&out, charset, c->bytes) == c->clean);
		CHECK_SPAN(c->label, csp_buf_span(&out), csp_span_from(c->utf8));
		csp_buf_dispose(&out);
	}
}

static void labels_that_mail_uses_are_on_the_list(void **state)
{
	(void)state;
	static const char *const labels[] = {
		"us-ascii",     "ascii",          "utf-8",         "iso-8859-1",   "iso-8859-2",
		"iso-8859-3",   "iso-8859-4",     "iso-8859-5",    "iso-8859-6",   "iso-8859-7",
		"iso-8859-8",   "iso-8859-8-i",   "iso-8859-9",    "iso-8859-10",  "iso-8859-11",
		"iso-8859-13",  "iso-8859-14",    "iso-8859-15",   "windows-1250", "windows-1251",
		"windows-1252", "windows-1253",   "windows-1254",  "windows-1255", "windows-1256",
		"windows-1257", "windows-1258",   "windows-874",   "tis-620",      "koi8-r",
		"koi8-u",       "iso-2022-jp",    "iso-2022-jp-2", "iso-2022-kr",  "euc-jp",
		"shift_jis",    "x-sjis",         "windows-31j",   "gb2312",       "gbk",
		"gb18030",      "hz-gb-2312",     "big5",          "big5-hkscs",   "euc-kr",
		"euc-tw",       "ks_c_5601-1987", "cp949",         "ibm866",       "ibm852",
		"macintosh",    "cp-850",         "cp-1251",       "csshiftjis",   "csisolatin1",
		"ms949",        "utf8mb4",        "hebrew",        "x-x-big5",     "unicode20utf8",
	};

	for (size_t i = 0; i < COUNT(labels); i++)
		CHECK(labels[i], csp_charset_find(csp_span_from(labels[i])) != NULL);
}

static void other_labels_are_not(void **state)
{
	(void)state;
	static const struct span labels[] = {
		SPAN_INIT(""),
		/* ASCII bytes mean something else in them, or letters stand in the order of the eye. */
		SPAN_INIT("utf-7"),
		SPAN_INIT("unicode-1-1-utf-7"),
		SPAN_INIT("csunicode11utf7"),
		SPAN_INIT("unicode"),
		SPAN_INIT("ucs-2"),
		SPAN_INIT("utf-16le"),
		SPAN_INIT("utf-16be"),
		SPAN_INIT("visual"),
		/* What senders write who do not know. */
		SPAN_INIT("unknown-8bit"),
		SPAN_INIT("x-unknown"),
		SPAN_INIT("8bit"),
		SPAN_INIT("default"),
		SPAN_INIT("x-user-defined"),
		SPAN_INIT("bocu-1"),
		SPAN_INIT("scsu"),
		SPAN_INIT("ibm-37,swaplfnl"),
		SPAN_INIT("ebcdic-us"),
		SPAN_INIT("utf-8 "),
		SPAN_INIT("utf-8\0"),
		SPAN_INIT("utf-8\0x"),
		SPAN_INIT("utf-16"),
		SPAN_INIT("utf-32"),
		SPAN_INIT("imap-mailbox-name"),
		SPAN_INIT("iso-8859-1,version=1"),
		SPAN_INIT("x-unknown-charset-with-a-label-of-many-letters-indeed"),
		SPAN_INIT("*en"),
		SPAN_INIT("\0"),
	};

	for (size_t i = 0; i < COUNT(labels); i++)
		CHECK(labels[i].data, csp_charset_find(labels[i]) == NULL);
}

/* A byte that tells the charset from its neighbours. */
static void aliases_give_the_text_of_their_charset(void **state)
{
	static const struct {
		const char *labels, *bytes, *utf8;
	} families[] = {
		{"windows-1252 iso-8859-1 latin1 l1 cp1252 win-1252 csisolatin1", "\x80",
		 "\xe2\x82\xac"},
		{"iso-8859-2 latin2 l2 iso88592 csisolatin2", "\xb1", "\xc4\x85"},
		{"windows-1250 cp-1250 cp1250 x-cp1250", "\xb9", "\xc4\x85"},
		{"iso-8859-5 cyrillic iso88595", "\xc1", "\xd0\xa1"},
		{"windows-1251 cp-1251 win-1251 win1251", "\xd1", "\xd0\xa1"},
		{"koi8-r koi koi8 cskoi8r", "\xf3", "\xd0\xa1"},
		{"cp866 cp-866 ibm866 866 csibm866", "\x91", "\xd0\xa1"},
		{"iso-8859-7 greek elot_928 iso88597", "\xe1", "\xce\xb1"},
		{"iso-8859-8-i hebrew logical csiso88598i", "\xe9", "\xd7\x99"},
		{"windows-1255 cp-1255 x-cp1255", "\xd4", "\xd7\xb0"},
		{"iso-8859-6 arabic asmo-708 csiso88596i", "\xc7", "\xd8\xa7"},
		{"windows-1256 cp-1256 win-1256", "\x81", "\xd9\xbe"},
		{"iso-8859-9 latin5 l5 windows-1254 cp-1254", "\xf0", "\xc4\x9f"},
		{"windows-1257 cp-1257 win-1257", "\xe0", "\xc4\x85"},
		{"windows-1258 cp-1258", "\xd5", "\xc6\xa0"},
		{"cp850 cp-850 ibm850 ibm-850 850", "\x82", "\xc3\xa9"},
		{"cp852 cp-852 852", "\xa5", "\xc4\x85"},
		{"macintosh mac x-mac-roman csmacintosh", "\x8e", "\xc3\xa9"},
		{"shift_jis x-sjis sjis windows-31j csshiftjis ms932 shiftjis cp932", "\x87\x40",
		 "\xe2\x91\xa0"},
		{"euc-jp x-euc-jp cseucpkdfmtjapanese euc_jp", "\xc0\xc1", "\xe8\xab\x8b"},
		{"gb2312 gbk x-gbk gb18030 chinese cp936 ms936 csgb2312", "\xe9\x46",
		 "\xe9\x95\x95"},
		{"big5 x-x-big5 cn-big5 windows-950", "\xb5\x6f", "\xe7\x99\xbc"},
		{"ks_c_5601-1987 euc-kr korean ms949 uhc cp949 csksc56011987", "\x81\x41",
		 "\xea\xb0\x82"},
		{"utf-8 utf8 utf8mb4 unicode-1-1-utf-8 cp65001 x-unicode20utf8", "\xc3\xa9",
		 "\xc3\xa9"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		struct span labels = csp_span_from(families[i].labels);
		struct span label;
		for (bool more = true; more;) {
			struct buf out;
			more = csp_span_split(&label, &labels, labels, ' ');
			const struct charset *charset = csp_charset_find(label);
			CHECK(label.data, charset != NULL);
			csp_buf_init(&out, 100);
			CHECK(label.data,
			      csp_charset_to_utf8(&out, charset, csp_span_from(families[i].bytes)));
			CHECK_SPAN(label.data, csp_buf_span(&out), csp_span_from(families[i].utf8));
			csp_buf_dispose(&out);
		}
	}
}

static void aliases_are_one_charset(void **state)
{
	(void)state;
	assert_ptr_equal(csp_charset_find(SPAN_LIT("ISO-8859-1")),
			 csp_charset_find(SPAN_LIT("windows-1252")));
	assert_ptr_equal(csp_charset_find(SPAN_LIT("gb2312")), csp_charset_find(SPAN_LIT("GBK")));
	assert_ptr_not_equal(csp_charset_find(SPAN_LIT("koi8-r")),
			     csp_charset_find(SPAN_LIT("koi8-u")));
}

static void any_bytes_of_any_charset_give_valid_utf8(void **state)
{
	(void)state;
	static const char *const labels[] = {"us-ascii",   "utf-8",  "latin1",      "koi8-r",
					     "shift_jis",  "euc-jp", "iso-2022-jp", "gb18030",
					     "hz-gb-2312", "big5",   "euc-kr",      "iso-2022-kr",
					     "euc-tw",     "tis-620"};
	uint32_t seed = 7;

	for (size_t i = 0; i < COUNT(labels); i++) {
		const struct charset *charset = csp_charset_find(csp_span_from(labels[i]));
		for (int round = 0; round < 200; round++) {
			char bytes[300];
			struct buf out;
			for (size_t j = 0; j < sizeof(bytes); j++) {
				seed = seed * 1664525 + 1013904223;
				bytes[j] = (char)(seed >> 24);
			}
			csp_buf_init(&out, 10000);
			csp_charset_to_utf8(&out, charset, (struct span){bytes, sizeof(bytes)});
			CHECK(labels[i], !csp_buf_failed(&out));
			CHECK(labels[i], csp_utf8_is_valid(csp_buf_span(&out)));
			csp_buf_dispose(&out);
		}
	}
}

static void a_guess_keeps_utf8_and_takes_the_rest_for_windows_1252(void **state)
{
	(void)state;
	struct buf out;

	csp_buf_init(&out, 100);
	assert_true(csp_charset_guess(&out, SPAN_LIT("plain \xc3\xa9")));
	assert_false(csp_charset_guess(&out, SPAN_LIT(" \xc3\xa9 \xe9 \x81")));
	CHECK_SPAN("guess", csp_buf_span(&out),
		   SPAN_LIT("plain \xc3\xa9 \xc3\xa9 \xc3\xa9 \xef\xbf\xbd"));
	csp_buf_dispose(&out);
}

static void a_full_buf_is_told(void **state)
{
	(void)state;
	static const char *const labels[] = {"us-ascii", "utf-8", "latin1", "koi8-r",
					     "iso-2022-jp"};

	for (size_t i = 0; i < COUNT(labels); i++) {
		struct buf out;
		csp_buf_init(&out, 2);
		csp_charset_to_utf8(&out, csp_charset_find(csp_span_from(labels[i])),
				    SPAN_LIT("abcdef"));
		CHECK(labels[i], csp_buf_failed(&out));
		csp_buf_dispose(&out);
	}
}

static void all_converters_can_be_loaded(void **state)
{
	(void)state;
	assert_true(csp_charset_warm_up());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_every_charset_become_utf8),
		cmocka_unit_test(labels_that_mail_uses_are_on_the_list),
		cmocka_unit_test(other_labels_are_not),
		cmocka_unit_test(aliases_give_the_text_of_their_charset),
		cmocka_unit_test(aliases_are_one_charset),
		cmocka_unit_test(any_bytes_of_any_charset_give_valid_utf8),
		cmocka_unit_test(a_guess_keeps_utf8_and_takes_the_rest_for_windows_1252),
		cmocka_unit_test(a_full_buf_is_told),
		cmocka_unit_test(all_converters_can_be_loaded),
	};

	return cmocka_run_group_tests_name("charset", tests, NULL, NULL);
}
