#include "conf_files.h"

#include <errno.h>
#include <fcntl.h>

/* The library forgets a text that stands before a syntax error: a few bytes for each configuration that is refused. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex";
}

struct bad {
	const char *text;
	const char *error; /* beginning of the one line that is expected */
};

static void expect_errors(struct conf_files *files, const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		conf_files_put(files, "main.conf", cases[i].text);
		conf_files_expect_error(files, cases[i].error);
	}
}

#define EXPECT_ERRORS(state, cases) expect_errors(*(state), cases, sizeof(cases) / sizeof(*(cases)))

static void expect_right(struct conf_files *files, const char *text)
{
	conf_files_put(files, "main.conf", text);
	csp_conf_free(conf_files_read_right(files));
}

static void test_syntax_errors_name_the_line_where_they_begin(void **state)
{
	static const struct bad cases[] = {
		{CONF_MINIMAL "mode = \n = \"enforce\";\n",
		 "main.conf:4: '= \"enforce\";' cannot be read, or the line before it has no end"},
		{CONF_MINIMAL "mode \"enforce\";\n", "main.conf:3: 'mode"},
		{CONF_MINIMAL "mode = yes;\n", "main.conf:3: 'mode"},
		{CONF_MINIMAL "mode = 'enforce';\n", "main.conf:3: 'mode"},
		{CONF_MINIMAL "\nmilter = {\n\n drain = 1;\n",
		 "main.conf:4: this '{' is never closed"},
		{CONF_MINIMAL "milter = {\n own = ( [\n) };\n",
		 "main.conf:5: ')' where ']' must close the '['"},
		{CONF_MINIMAL "}\n", "main.conf:3: '}' closes nothing that was opened"},
		{CONF_MINIMAL "mode = \"enforce;\n\n",
		 "main.conf:3: this text is not ended on its line"},
		{CONF_MINIMAL "mode = \"enforce", "main.conf:3: this text is never ended"},
		{CONF_MINIMAL "\n\n/* a comment\n\n", "main.conf:5: this comment is never ended"},
		{CONF_MINIMAL "/*/", "main.conf:3: this comment is never ended"},
		{CONF_MINIMAL "mode = \"enforce\";\nmode = \"monitor\";\n",
		 "main.conf:4: 'mode = \"monitor\";' is a setting that stands already in the same "
		 "group"},
		{CONF_MINIMAL "own_domains = [ \"a.example\", 5 ];\n",
		 "main.conf:3: 'own_domains = [ \"a.example\", 5 ];' has texts and numbers"},
		{CONF_MINIMAL "own_domains = [[[[[[[[[[[[[[[[[[[[\n",
		 "main.conf:3: brackets are nested too deeply"},
		{CONF_MINIMAL "journal = { path = \"/C:\\qx\"; };\n",
		 "main.conf:3: '\\q' is no escape"},
		{CONF_MINIMAL "journal = { path = \"/a\\x00b\"; };\n",
		 "main.conf:3: '\\x' is no escape"},
		{CONF_MINIMAL "journal = { path = \"/a\\xg0\"; };\n",
		 "main.conf:3: '\\x' is no escape"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_what_people_write_is_taken(void **state)
{
	struct conf_files *files = *state;

	expect_right(files, CONF_MINIMAL "# no newline at the end");
	expect_right(files, CONF_MINIMAL "// none here either");
	expect_right(files, CONF_MINIMAL "/* \" { [ ( @include */ mode /**/ = # x\n \"monitor\"");
	expect_right(files, CONF_MINIMAL
		     "own_domains = [ \"a.example\", # first\n\"b.example\", /* last, */\n ];");
	expect_right(files, CONF_MINIMAL "own_domains = (\n\n);\r\nmilter: { drain: +5 }\n");
	expect_right(files, CONF_MINIMAL "journal = { path = \"/a\\\\b\\\"c\\x41\"; };\n");
	expect_right(files, "\n\n" CONF_MINIMAL "\t \n");
}

static void test_a_list_s_last_text_has_its_own_line(void **state)
{
	static const struct bad cases[] = {
		{CONF_MINIMAL "own_domains = [\n\"a..b\"\n\n];\n",
		 "main.conf:4: own_domains: 'a..b'"},
		{CONF_MINIMAL "own_domains = [\n\"a..b\",\n\n];\n",
		 "main.conf:4: own_domains: 'a..b'"},
		{CONF_MINIMAL "own_domains = (\n\"a.b\",\n\"a..b\" # (\n\n);\n",
		 "main.conf:5: own_domains: 'a..b'"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_bytes_that_are_no_text_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *error;
	} cases[] = {
		{"#\n#\n\0", 5, "main.conf:3: a NUL byte"},
		{"#\n# \xC3\xA9\n# \xE9 \n", 12, "main.conf:3: byte 0xe9 is not UTF-8"},
		{"\xFF\xFEm\0o\0", 6, "main.conf:1: byte 0xff is not UTF-8"},
		{"#\n\xC0\x80", 4, "main.conf:2: byte 0xc0 is not UTF-8"},
		{"#\n\xED\xA0\x80", 5, "main.conf:2: byte 0xed is not UTF-8"},
	};
	struct conf_files *files = *state;
	struct conf *conf;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf_files_put_bytes(files, "main.conf", cases[i].bytes, cases[i].len);
		conf_files_expect_error(files, cases[i].error);
		assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	}
}

static void test_an_include_brings_in_the_other_file_s_lines(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf",
		       "mode = \"monitor\";\n"
		       "milter = {\n"
		       "\t@include \"milter.conf\"  # the socket\n"
		       "  drain = 99999;\n"
		       "};\n" CONF_MINIMAL);
	conf_files_put(files, "milter.conf", "timeout = 20;\nsocket_group = \"x\"");
	conf_files_expect_error(files, "main.conf:4: milter.drain: 99999 is out of range");
	conf_files_put(files, "milter.conf", "timeout = 20; drain = 5;\n\nsocket_mode = \"9\";");
	conf_files_put(files, "main.conf",
		       "milter = {\n@include \"milter.conf\"\n};\n" CONF_MINIMAL);
	conf_files_expect_error(files, "milter.conf:3: milter.socket_mode: ");
	conf_files_put(files, "milter.conf", "timeout = 20;\nmode = = 5;\n");
	conf_files_expect_error(files, "milter.conf:2: 'mode = = 5;' cannot be read");
	conf_files_put(files, "milter.conf", "drain = 5; drain2 = {\n");
	conf_files_expect_error(files, "milter.conf:1: this '{' is never closed");
	conf_files_put(files, "milter.conf", "drain = 5; };\nmode = {\n");
	conf_files_expect_error(files, "milter.conf:1: '}' closes nothing that was opened");
}

static void test_an_include_starts_at_the_folder_of_the_file_that_names_it(void **state)
{
	struct conf_files *files = *state;
	char folder[200];

	snprintf(folder, sizeof(folder), "%s/sub", files->folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	conf_files_put(files, "main.conf", "@include \"sub/one.conf\"\n");
	conf_files_put(files, "sub/one.conf", "@include \"two.conf\"\nmode = 1;\n");
	conf_files_put(files, "sub/two.conf", CONF_MINIMAL);
	conf_files_expect_error(files, "sub/one.conf:2: mode: a text in quotes");
}

static void test_an_include_that_leads_nowhere_is_the_only_error(void **state)
{
	static const struct bad cases[] = {
		{"mode = \"monitor\";\n@include \"none.conf\"\n", "main.conf:2: "},
		{"@include \"main.conf\"\n", "main.conf:1: "},
		{"\n@include \"./main.conf\"\n", "main.conf:2: "},
		{"@include \".\"\n", "main.conf:1: "},
		{"@include \"/dev/null\"\n", "main.conf:1: /dev/null is not a regular file"},
		{"@include \"x.conf\";\n", "main.conf:1: '@' begins only a line of its own"},
		{"@include x.conf\n", "main.conf:1: '@' begins only a line of its own"},
		{"@include \"\"\n", "main.conf:1: '@' begins only a line of its own"},
		{"@include \"x.conf\n", "main.conf:1: '@' begins only a line of its own"},
		{"@include\"x.conf\"\n", "main.conf:1: '@' begins only a line of its own"},
		{"@includes \"x.conf\"\n", "main.conf:1: '@' begins only a line of its own"},
		{"mode = \"monitor\"; @include \"x.conf\"\n",
		 "main.conf:1: '@' begins only a line of its own"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_includes_that_go_round_or_too_deep_end(void **state)
{
	struct conf_files *files = *state;
	char name[16], text[64];

	conf_files_put(files, "main.conf", "@include \"a.conf\"\n");
	conf_files_put(files, "a.conf", "\n@include \"b.conf\"\n");
	conf_files_put(files, "b.conf", "\n\n@include \"a.conf\"\n");
	conf_files_expect_error(files, "b.conf:3: ");
	assert_non_null(strstr(files->errors, "a.conf includes itself"));

	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%u.conf", i);
		snprintf(text, sizeof(text), "@include \"%u.conf\"\n", i + 1);
		conf_files_put(files, name, text);
	}
	conf_files_put(files, "main.conf", "@include \"0.conf\"\n");
	conf_files_expect_error(files, "7.conf:1: ");
	assert_non_null(strstr(files->errors, "8.conf is included too deeply"));
}

static void test_the_same_file_may_be_included_twice_in_a_row(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "proofs.conf", "logins = [ \"a\" ];\n");
	expect_right(
		files,
		"vendor = { proofs = {\n@include \"proofs.conf\"\n}; };\n"
		"classification = { packs = []; tag_sources = {\n@include \"proofs.conf\"\n}; };\n"
		"rules = ( { name = \"all\"; disposition = \"pass\"; } );\n");
}

static void set_mode(const struct conf_files *files, const char *name, mode_t mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", files->folder, name);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_a_file_that_others_may_write_is_refused(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", CONF_MINIMAL "\n@include \"second.conf\"\n");
	conf_files_put(files, "second.conf", "mode = \"monitor\";\n");
	csp_conf_free(conf_files_read_right(files));
	set_mode(files, "second.conf", 0664);
	conf_files_expect_error(files, "main.conf:4: ");
	assert_non_null(strstr(files->errors, "second.conf may be written by its group"));
	set_mode(files, "second.conf", 0600);
	set_mode(files, "main.conf", 0646);
	conf_files_expect_error(files, "main.conf:0: may be written by its group or by everybody");
	set_mode(files, "main.conf", 0400);
	csp_conf_free(conf_files_read_right(files));
}

static void test_a_file_in_a_folder_that_others_may_write_is_refused(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", CONF_MINIMAL);
	set_mode(files, ".", 0777);
	conf_files_expect_error(
		files, "main.conf:0: stands in a folder that its group or everybody may write");
	set_mode(files, ".", 01777);
	csp_conf_free(conf_files_read_right(files));
	set_mode(files, ".", 0700);
}

static void test_a_file_of_another_user_is_refused(void **state)
{
	struct conf_files *files = *state;

	if (geteuid() != 0)
		skip();
	conf_files_put(files, "main.conf", CONF_MINIMAL);
	char path[256];
	snprintf(path, sizeof(path), "%s", files->path);
	assert_int_equal(chown(path, 65534, 65534), 0);
	conf_files_expect_error(files, "main.conf:0: belongs neither to root nor to the user");
}

static void test_a_first_file_that_cannot_be_opened_is_unreadable(void **state)
{
	struct conf_files *files = *state;
	struct conf *conf;

	assert_int_equal(conf_files_read(files, &conf), CONF_UNREADABLE);
	assert_string_equal(files->errors, "main.conf:0: does not exist\n");
	assert_int_equal(symlink("main.conf", files->path), 0);
	assert_int_equal(conf_files_read(files, &conf), CONF_UNREADABLE);
	assert_string_equal(files->errors,
			    "main.conf:0: is a symbolic link that leads to itself\n");
	assert_int_equal(unlink(files->path), 0);
	assert_int_equal(mkfifo(files->path, 0600), 0);
	assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	assert_string_equal(files->errors, "main.conf:0: is not a regular file\n");
	assert_int_equal(unlink(files->path), 0);
	snprintf(files->path, sizeof(files->path), "%s", files->folder);
	assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	assert_non_null(strstr(files->errors, "is a folder, not a file"));
}

static void test_an_empty_file_lacks_the_rules_alone(void **state)
{
	static const struct bad cases[] = {
		{"classification = { packs = []; };", "main.conf:0: 'rules' is missing\n"},
		{"classification = { packs = []; };\nrules = ( );\n",
		 "main.conf:2: rules: the list is empty"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_file_past_the_limit_is_refused(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", CONF_MINIMAL);
	assert_int_equal(truncate(files->path, (16 << 20) + 1), 0);
	conf_files_expect_error(files, "main.conf:0: is larger than 16 MiB");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_files_setup, conf_files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_syntax_errors_name_the_line_where_they_begin),
		TEST(test_what_people_write_is_taken),
		TEST(test_a_list_s_last_text_has_its_own_line),
		TEST(test_bytes_that_are_no_text_are_refused_with_their_line),
		TEST(test_an_include_brings_in_the_other_file_s_lines),
		TEST(test_an_include_starts_at_the_folder_of_the_file_that_names_it),
		TEST(test_an_include_that_leads_nowhere_is_the_only_error),
		TEST(test_includes_that_go_round_or_too_deep_end),
		TEST(test_the_same_file_may_be_included_twice_in_a_row),
		TEST(test_a_file_that_others_may_write_is_refused),
		TEST(test_a_file_in_a_folder_that_others_may_write_is_refused),
		TEST(test_a_file_of_another_user_is_refused),
		TEST(test_a_first_file_that_cannot_be_opened_is_unreadable),
		TEST(test_an_empty_file_lacks_the_rules_alone),
		TEST(test_a_file_past_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
