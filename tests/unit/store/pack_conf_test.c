#include "conf_files.h"

#include <stdio.h>

#define MAIN                                                                                       \
	"classification = { packs = [ \"pack.conf\" ]; };\n"                                       \
	"rules = ( { name = \"all\"; disposition = \"pass\"; } );\n"

static struct conf *read_pack(struct conf_files *files, const char *pack)
{
	conf_files_put(files, "main.conf", MAIN);
	conf_files_put(files, "pack.conf", pack);
	return conf_files_read_right(files);
}

static void assert_span(struct span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.data, text, span.len);
}

static void test_an_empty_pack_says_nothing(void **state)
{
	struct conf *conf = read_pack(*state, "");

	assert_int_equal(conf->pack_files, 1);
	assert_int_equal(conf->pack.phrase_count, 0);
	assert_int_equal(conf->pack.list_count, 0);
	csp_conf_free(conf);
}

static void test_phrases_have_the_language_and_the_meaning_as_their_rule(void **state)
{
	struct conf *conf = read_pack(
		*state,
		"language = \"pt-BR\";\n"
		"phrases = (\n"
		" { category = \"subscription\"; meaning = \"invoice\";\n"
		"   phrases = [ \"fatura\", \"renova*\" ]; },\n"
		" { category = \"incident\"; meaning = \"outage\"; phrases = \"queda\"; } );\n");

	assert_int_equal(conf->pack.phrase_count, 3);
	assert_span(conf->pack.phrases[0].text, "fatura");
	assert_span(conf->pack.phrases[0].rule, "pt-BR/invoice");
	assert_int_equal(conf->pack.phrases[0].category, conf->categories.subscription);
	assert_span(conf->pack.phrases[1].text, "renova*");
	assert_span(conf->pack.phrases[2].rule, "pt-BR/outage");
	assert_int_equal(conf->pack.phrases[2].category, conf->categories.incident);
	csp_conf_free(conf);

	conf = read_pack(
		*state,
		"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = \"p\"; } );");
	assert_span(conf->pack.phrases[0].rule, "m");
	csp_conf_free(conf);
}

static void test_meanings_that_others_stand_instead_of_have_a_bit_each(void **state)
{
	struct conf *conf = read_pack(
		*state,
		"language = \"en\";\n"
		"phrases = (\n"
		" { category = \"subscription\"; meaning = \"order\"; phrases = \"order\"; },\n"
		" { category = \"subscription\"; meaning = \"invoice\"; phrases = \"bill\"; },\n"
		" { category = \"other\"; meaning = \"table\"; instead_of = \"order\";\n"
		"   phrases = \"table\"; },\n"
		" { category = \"other\"; meaning = \"review\";\n"
		"   instead_of = [ \"trial\", \"order\" ]; phrases = \"review\"; },\n"
		" { category = \"subscription\"; meaning = \"trial\"; phrases = \"trial\"; } );\n");
	const struct phrase *phrases = conf->pack.phrases;

	assert_int_equal(phrases[0].meaning, 1);
	assert_int_equal(phrases[0].instead_of, 0);
	assert_int_equal(phrases[1].meaning, 0);
	assert_int_equal(phrases[2].meaning, 0);
	assert_int_equal(phrases[2].instead_of, 1);
	assert_int_equal(phrases[3].instead_of, 3);
	assert_int_equal(phrases[4].meaning, 2);
	csp_conf_free(conf);
}

/* A bit is all that a meaning has. */
static void test_meanings_to_stand_instead_of_are_counted(void **state)
{
	struct conf_files *files = *state;
	char pack[16384] = "phrases = (\n";
	size_t len = strlen(pack);

	for (unsigned i = 0; i < 65; i++)
		len += (size_t)snprintf(pack + len, sizeof(pack) - len,
					"{ category = \"incident\"; meaning = \"m%u\"; phrases = "
					"\"word%u\"; },\n"
					"{ category = \"other\"; meaning = \"o\"; instead_of = "
					"\"m%u\"; phrases = \"other%u\"; }%s",
					i, i, i, i, i < 64 ? ",\n" : " );\n");
	conf_files_put(files, "main.conf", MAIN);
	conf_files_put(files, "pack.conf", pack);
	conf_files_expect_error(files, "pack.conf:131: phrases.instead_of: all packs together may "
				       "name at most 64 meanings here");
}

static void test_products_are_in_the_programme_unless_said_otherwise(void **state)
{
	struct conf *conf =
		read_pack(*state, "products = (\n"
				  " { name = \"a\"; phrases = [ \"product a\", \"a plan\" ]; },\n"
				  " { name = \"b\"; csp = false; phrases = \"product b\"; },\n"
				  " { name = \"a\"; csp = true; phrases = \"produit a\"; } );\n");

	assert_int_equal(conf->pack.product_count, 3);
	assert_span(conf->pack.products[0].name, "a");
	assert_true(conf->pack.products[0].csp);
	assert_int_equal(conf->pack.products[0].phrases.count, 2);
	assert_false(conf->pack.products[1].csp);
	csp_conf_free(conf);
}

static void test_identifiers_have_one_of_two_shapes(void **state)
{
	struct conf *conf = read_pack(*state, "identifiers = (\n"
					      " { name = \"m\"; category = \"incident\"; prefixes "
					      "= [ \"EX\", \"MO\" ]; digits = [ 6, 7 ]; },\n"
					      " { name = \"n\"; category = \"incident\"; prefixes "
					      "= \"MC\"; digits = 6; near = \"notice\"; },\n"
					      " { name = \"t\"; category = \"operational\"; shape "
					      "= \"tracking\"; near = [ \"azure\" ]; } );\n");

	const struct identifier *items = conf->pack.identifiers;
	assert_int_equal(conf->pack.identifier_count, 3);
	assert_span(items[0].rule, "m");
	assert_int_equal(items[0].shape, IDENTIFIER_PREFIXED);
	assert_int_equal(items[0].prefixes.count, 2);
	assert_int_equal(items[0].digits_min, 6);
	assert_int_equal(items[0].digits_max, 7);
	assert_int_equal(items[1].digits_min, 6);
	assert_int_equal(items[1].digits_max, 6);
	assert_int_equal(items[1].near.count, 1);
	assert_int_equal(items[2].shape, IDENTIFIER_TRACKING);
	assert_int_equal(items[2].category, 2);
	csp_conf_free(conf);
}

static void test_senders_are_addresses_or_whole_domains(void **state)
{
	struct conf *conf = read_pack(
		*state, "senders = ( { name = \"billing\"; category = \"subscription\";\n"
			"  addresses = [ \"Billing@Vendor.Example\", \"@b.example\" ]; } );\n");

	assert_int_equal(conf->pack.sender_count, 2);
	assert_span(conf->pack.senders[0].rule, "billing");
	assert_span(conf->pack.senders[0].address.local, "Billing");
	assert_span(conf->pack.senders[0].address.domain, "vendor.example");
	assert_int_equal(conf->pack.senders[1].address.local.len, 0);
	assert_span(conf->pack.senders[1].address.domain, "b.example");
	csp_conf_free(conf);
}

static void test_tags_map_values_of_a_field_to_categories(void **state)
{
	struct conf *conf =
		read_pack(*state, "tags = ( { header = \"X-PM-Tag\"; values = (\n"
				  "   { value = \"Invoice\"; category = \"subscription\"; },\n"
				  "   { value = \"outage\"; category = \"incident\"; }, ); },\n"
				  " { header = \"Keywords\"; format = \"list\"; values = ( { value "
				  "= \"x\"; category = \"other\"; } ); },\n"
				  " { header = \"A\"; format = \"json\"; key = \"k\"; values = ( { "
				  "value = \"x\"; category = \"other\"; } ); },\n"
				  " { header = \"B\"; format = \"colons\"; position = 16; values = "
				  "( { value = \"x\"; category = \"other\"; } ); } );\n");

	assert_int_equal(conf->pack.tag_count, 4);
	assert_int_equal(conf->pack.tags[2].shape.format, TAG_JSON);
	assert_span(conf->pack.tags[2].shape.key, "k");
	assert_int_equal(conf->pack.tags[3].shape.format, TAG_COLONS);
	assert_int_equal(conf->pack.tags[3].shape.position, 16);
	assert_span(conf->pack.tags[0].header, "X-PM-Tag");
	assert_span(conf->pack.tags[0].rule, "x-pm-tag");
	assert_int_equal(conf->pack.tags[0].shape.format, TAG_TEXT);
	assert_int_equal(conf->pack.tags[0].value_count, 2);
	assert_span(conf->pack.tags[0].values[0].value, "Invoice");
	assert_int_equal(conf->pack.tags[1].shape.format, TAG_LIST);
	assert_int_equal(conf->pack.tags[1].values[0].category, conf->categories.other);
	csp_conf_free(conf);
}

static void test_lists_hold_entries_of_senders_and_phrases(void **state)
{
	struct conf *conf =
		read_pack(*state, "lists = ( { name = \"direct\"; entries = (\n"
				  "   { name = \"gdap\"; senders = [ \"a@b.example\", "
				  "\"@c.example\" ]; phrases = \"granular*\"; },\n"
				  "   { name = \"terms\"; phrases = [ \"agreement\" ]; },\n"
				  "   { name = \"all-of\"; senders = \"@d.example\"; } ); } );\n");

	assert_int_equal(conf->pack.list_count, 3);
	assert_span(conf->pack.lists[0].list, "direct");
	assert_span(conf->pack.lists[0].rule, "direct/gdap");
	assert_int_equal(conf->pack.lists[0].sender_count, 2);
	assert_span(conf->pack.lists[0].senders[1].address.domain, "c.example");
	assert_int_equal(conf->pack.lists[0].phrases.count, 1);
	assert_int_equal(conf->pack.lists[1].sender_count, 0);
	assert_int_equal(conf->pack.lists[2].phrases.count, 0);
	csp_conf_free(conf);
}

static void test_shared_domains_are_sorted_patterns_and_add_up(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "pack.conf",
		       "public_domains = [ \"Mail.Example\", \".b\xC3\xBC"
		       "cher.example.\" ];\n");
	conf_files_put(files, "second.conf",
		       "tenant_domains = \".cloud.example\";\n"
		       "public_domains = [ \"post.example\" ];\n");
	conf_files_put(files, "main.conf",
		       "classification = { packs = [ \"pack.conf\", \"second.conf\" ]; };\n"
		       "rules = ( { name = \"all\"; disposition = \"pass\"; } );\n");
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->pack.public_domains.count, 3);
	assert_span(conf->pack.public_domains.items[0], ".xn--bcher-kva.example");
	assert_span(conf->pack.public_domains.items[1], "mail.example");
	assert_span(conf->pack.public_domains.items[2], "post.example");
	assert_int_equal(conf->pack.tenant_domains.count, 1);
	assert_span(conf->pack.tenant_domains.items[0], ".cloud.example");
	csp_conf_free(conf);
}

static void test_packs_add_up(void **state)
{
	struct conf_files *files = *state;
	char pack[512], main_text[1024] = "classification = { packs = [ ";

	for (int i = 0; i < 20; i++) {
		char name[32];
		snprintf(name, sizeof(name), "p%d.conf", i);
		snprintf(pack, sizeof(pack),
			 "language = \"l%d\"; phrases = ( { category = \"incident\"; meaning = "
			 "\"m\"; phrases = [ \"common\", \"phrase %c\" ]; } );",
			 i, 'a' + i);
		conf_files_put(files, name, pack);
		snprintf(main_text + strlen(main_text), sizeof(main_text) - strlen(main_text),
			 "\"%s\", ", name);
	}
	strcat(main_text, "]; };\nrules = ( { name = \"all\"; disposition = \"pass\"; } );\n");
	conf_files_put(files, "main.conf", main_text);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->pack_files, 20);
	assert_int_equal(conf->pack.phrase_count, 40);
	assert_span(conf->pack.phrases[39].text, "phrase t");
	assert_span(conf->pack.phrases[39].rule, "l19/m");
	csp_conf_free(conf);
}

struct bad {
	const char *pack;
	const char *error;
};

static void test_what_is_wrong_in_a_pack_is_named_with_its_line(void **state)
{
	static const struct bad cases[] = {
		{"phrase = ( );", "pack.conf:1: unknown setting 'phrase': did you mean 'phrases'?"},
		{"language = \"en/us\";", "pack.conf:1: language: a language is named by its tag"},
		{"phrases = (\n{ meaning = \"m\"; phrases = \"p\"; } );",
		 "pack.conf:2: phrases: 'category' is missing"},
		{"phrases = (\n{ category = \"billing\"; meaning = \"m\"; phrases = \"p\"; } );",
		 "pack.conf:2: phrases.category: 'billing' is unknown: one of"},
		{"phrases = (\n{ category = \"other\"; phrases = \"p\"; } );",
		 "pack.conf:2: phrases: 'meaning' is missing"},
		{"phrases = (\n{ category = \"other\"; meaning = \"M m\"; phrases = \"p\"; } );",
		 "pack.conf:2: phrases.meaning: 'M m' is no name"},
		{"phrases = (\n{ category = \"other\"; meaning = \"m\"; phrases = [ ]; } );",
		 "pack.conf:2: phrases.phrases: the list is empty"},
		{"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = [ \"a\",\n\"\" ]; "
		 "} );",
		 "pack.conf:2: phrases.phrases: the text is empty"},
		{"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = [ \"a\",\n\" -- "
		 "\" ]; } );",
		 "pack.conf:2: phrases.phrases: ' -- ' has a part of which no letter is left"},
		{"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = [ \"a\",\n\"*\" "
		 "]; } );",
		 "pack.conf:2: phrases.phrases: '*' has a part of which no letter is left"},
		{"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = [ \"a\",\n\"a*b\" "
		 "]; } );",
		 "pack.conf:2: phrases.phrases: 'a*b' has a '*' that stands neither before nor "
		 "behind a part"},
		{"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = \"Caf\xC3\xA9 "
		 "x\"; },\n"
		 "{ category = \"incident\"; meaning = \"m\"; phrases = \"caf\xC3\xA9  X\"; } );",
		 "pack.conf:2: the phrase 'caf\xC3\xA9 x' stands already in "},
		{"phrases = (\n{ category = \"incident\"; meaning = \"m\"; instead_of = \"n\"; "
		 "phrases = \"p\"; } );",
		 "pack.conf:2: phrases.instead_of: only phrases of category 'other' may stand"},
		{"phrases = (\n{ category = \"other\"; meaning = \"m\"; instead_of = \"ordr\"; "
		 "phrases = \"p\"; } );",
		 "pack.conf:2: no phrases have the meaning 'ordr'"},
		{"expressions = ( { category = \"other\"; meaning = \"m\"; expressions = [ \"a\",\n"
		 "\"(?=b)c\" ]; } );",
		 "pack.conf:2: expressions.expressions: '(?=b)c' cannot be used: Zero-width "
		 "assertions"},
		{"expressions = ( { category = \"other\"; meaning = \"m\";\nexpressions = "
		 "\"a.*b\"; } );",
		 "pack.conf:2: expressions.expressions: 'a.*b' may match more than 1000 bytes"},
		{"expressions = (\n{ category = \"other\"; expressions = \"p\"; } );",
		 "pack.conf:2: expressions: 'meaning' is missing"},
		{"products = (\n{ name = \"a\"; phrases = [ ]; } );",
		 "pack.conf:2: products.a.phrases: the list is empty"},
		{"products = ( { name = \"a\"; phrases = \"x\"; },\n{ name = \"a\"; csp = false; "
		 "phrases = \"y\"; } );",
		 "pack.conf:2: products.a: 'csp' is not what it was"},
		{"products = ( { name = \"a\"; phrases = \"!\"; } );",
		 "pack.conf:1: products.a.phrases: '!' has a part of which no letter is left"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; digits = 6; } );",
		 "pack.conf:1: identifiers.i: 'prefixes' is missing"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"EX\"; } );",
		 "pack.conf:1: identifiers.i: 'digits' is missing"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"Ex\"; "
		 "digits = 6; } );",
		 "pack.conf:1: identifiers.i.prefixes: a prefix is capital letters"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"EX\"; "
		 "digits = 0; } );",
		 "pack.conf:1: identifiers.i.digits: 0 is out of range: 1 to 20"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"EX\"; "
		 "digits = [ 7, 6 ]; } );",
		 "pack.conf:1: identifiers.i.digits: the lowest number stands first: [ 6, 7 ]"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"EX\"; "
		 "digits = [ 5, 6, 7 ]; } );",
		 "pack.conf:1: identifiers.i.digits: one number is needed, or two"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; prefixes = \"EX\"; "
		 "digits = \"6\"; } );",
		 "pack.conf:1: identifiers.i.digits: a whole number without quotes"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; shape = \"tracking\"; } "
		 ");",
		 "pack.conf:1: identifiers.i: 'near' is missing"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; shape = \"tracking\"; "
		 "near = \"x\"; digits = 6; } );",
		 "pack.conf:1: identifiers.i: 'prefixes' and 'digits' belong to shape"},
		{"identifiers = ( { name = \"i\"; category = \"incident\"; shape = \"tracking\"; "
		 "near = \"two words\"; } );",
		 "pack.conf:1: identifiers.i.near: a neighbour is one word"},
		{"senders = ( { name = \"s\"; category = \"other\"; addresses = [ "
		 "\"a@b.example\",\n\"b.example\" ]; } );",
		 "pack.conf:2: senders.s.addresses: 'b.example' is no address"},
		{"senders = ( { name = \"s\"; category = \"other\"; addresses = \"@\"; } );",
		 "pack.conf:1: senders.s.addresses: '@' is no address"},
		{"tags = ( { header = \"X Y\"; values = ( { value = \"v\"; category = \"other\"; } "
		 "); } );",
		 "pack.conf:1: tags.header: 'X Y' is no name of a header field"},
		{"tags = ( { header = \"X-Y\"; values = ( ); } );",
		 "pack.conf:1: tags.values: the list is empty"},
		{"tags = ( { header = \"X-Y\"; values = ( { value = \"v\"; category = \"other\"; "
		 "},\n"
		 "{ value = \"V\"; category = \"incident\"; } ); } );",
		 "pack.conf:2: tags.values: the value 'V' stands twice"},
		{"tags = ( { header = \"X-Y\"; format = \"xml\"; values = ( { value = \"v\"; "
		 "category = \"other\"; } ); } );",
		 "pack.conf:1: tags.format: 'xml' is unknown: one of text, list, pairs, labels"},
		{"tags = ( { header = \"X-Y\"; format = \"json\"; values = ( { value = \"v\"; "
		 "category = \"other\"; } ); } );",
		 "pack.conf:1: tags: 'key' is missing"},
		{"tags = ( { header = \"X-Y\"; key = \"k\"; values = ( { value = \"v\"; "
		 "category = \"other\"; } ); } );",
		 "pack.conf:1: tags: 'key' belongs to format"},
		{"tags = ( { header = \"X-Y\"; format = \"colons\"; values = ( { value = \"v\"; "
		 "category = \"other\"; } ); } );",
		 "pack.conf:1: tags: 'position' is missing"},
		{"tags = ( { header = \"X-Y\"; position = 1; values = ( { value = \"v\"; "
		 "category = \"other\"; } ); } );",
		 "pack.conf:1: tags: 'position' belongs to format"},
		{"lists = ( { name = \"l\"; entries = ( { name = \"e\"; } ); } );",
		 "pack.conf:1: lists.l.entries.e: 'senders' or 'phrases' is missing"},
		{"lists = ( { name = \"l\"; entries = (\n{ name = \"e\"; senders = \"nobody\"; } "
		 "); } );",
		 "pack.conf:2: lists.l.entries.e.senders: 'nobody' is no address"},
		{"lists = ( { name = \"l\"; entries = (\n{ name = \"e\"; phrases = \"...\"; } ); } "
		 ");",
		 "pack.conf:2: lists.l.entries.e.phrases: '...' has a part of which no letter is "
		 "left"},
		{"lists = ( { name = \"l\"; entries = ( ); } );",
		 "pack.conf:1: lists.l.entries: the list is empty"},
		{"public_domains = [ \"a.example\",\n\"a@b.example\" ];",
		 "pack.conf:2: public_domains: 'a@b.example' "},
		{"public_domains = [ \"a.example\",\n\"A.example\" ];",
		 "pack.conf:2: public_domains: 'a.example' stands twice"},
		{"public_domains = \".com\";",
		 "pack.conf:1: public_domains: '.com' would take in every domain"},
		{"tenant_domains = \"*.a.example\";",
		 "pack.conf:1: tenant_domains: '*.a.example' "},
		{"tenant_domains = 7;", "pack.conf:1: tenant_domains: a text in quotes or a list"},
		{"public_domain = \"a.example\";",
		 "pack.conf:1: unknown setting 'public_domain': did you mean 'public_domains'?"},
		{"@include \"pack.conf\"", "pack.conf:1: "},
	};
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", MAIN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf_files_put(files, "pack.conf", cases[i].pack);
		conf_files_expect_error(files, cases[i].error);
	}
}

static void test_a_pack_is_named_once_and_must_be_there(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "pack.conf", "");
	conf_files_put(files, "main.conf",
		       "classification = { packs = [ \"pack.conf\",\n\"pack.conf\" ]; };\n"
		       "rules = ( { name = \"all\"; disposition = \"pass\"; } );\n");
	conf_files_expect_error(files,
				"main.conf:2: classification.packs: 'pack.conf' stands twice");
	conf_files_put(files, "main.conf",
		       "classification = { packs = [ \"pack.conf\",\n\"pakc.conf\" ]; };\n"
		       "rules = ( { name = \"all\"; disposition = \"pass\"; } );\n");
	conf_files_expect_error(files, "main.conf:2: ");
	assert_non_null(strstr(files->errors, "pakc.conf does not exist"));
}

#define PHRASE(text)                                                                               \
	"phrases = ( { category = \"other\"; meaning = \"m\"; phrases = \"" text "\"; } );\n"
#define WITH_PACKS(packs)                                                                          \
	"classification = { packs = [ " packs " ]; };\n"                                           \
	"rules = ( { name = \"all\"; disposition = \"pass\"; } );\n"

static void test_a_folder_stands_for_its_files(void **state)
{
	struct conf_files *files = *state;

	assert_int_equal(mkdir(conf_files_path(files->folder, "packs").text, 0755), 0);
	assert_int_equal(mkdir(conf_files_path(files->folder, "empty").text, 0755), 0);
	conf_files_put(files, "packs/b.conf", PHRASE("second"));
	conf_files_put(files, "packs/a.conf", PHRASE("first"));
	conf_files_put(files, "packs/.hidden.conf", "wrong");
	conf_files_put(files, "packs/c.conf.bak", "wrong");
	conf_files_put(files, "one.conf", PHRASE("third"));
	conf_files_put(files, "main.conf", WITH_PACKS("\"packs/\", \"one.conf\", \"empty\""));
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->pack_files, 3);
	assert_int_equal(conf->pack.phrase_count, 3);
	assert_true(csp_span_equal(conf->pack.phrases[0].text, SPAN_LIT("first")));
	assert_true(csp_span_equal(conf->pack.phrases[2].text, SPAN_LIT("third")));
	csp_conf_free(conf);

	conf_files_put(files, "main.conf", WITH_PACKS("\"packs\",\n\"packs/a.conf\""));
	conf_files_expect_error(files, "main.conf:2: classification.packs: '");
	assert_non_null(strstr(files->errors, "packs/a.conf' stands twice"));
	conf_files_put(files, "packs/b.conf", "\nlanguage = 3;\n");
	conf_files_put(files, "main.conf", WITH_PACKS("\"packs\""));
	conf_files_expect_error(files, "packs/b.conf:2: language: ");
	assert_int_equal(unlink(conf_files_path(files->folder, "packs/a.conf").text), 0);
	assert_int_equal(chmod(conf_files_path(files->folder, "packs").text, 0777), 0);
	conf_files_expect_error(files, "main.conf:1: ");
	assert_non_null(
		strstr(files->errors, "stands in a folder that its group or everybody may write"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_files_setup, conf_files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_empty_pack_says_nothing),
		TEST(test_phrases_have_the_language_and_the_meaning_as_their_rule),
		TEST(test_meanings_that_others_stand_instead_of_have_a_bit_each),
		TEST(test_meanings_to_stand_instead_of_are_counted),
		TEST(test_products_are_in_the_programme_unless_said_otherwise),
		TEST(test_identifiers_have_one_of_two_shapes),
		TEST(test_senders_are_addresses_or_whole_domains),
		TEST(test_tags_map_values_of_a_field_to_categories),
		TEST(test_lists_hold_entries_of_senders_and_phrases),
		TEST(test_shared_domains_are_sorted_patterns_and_add_up),
		TEST(test_packs_add_up),
		TEST(test_a_folder_stands_for_its_files),
		TEST(test_what_is_wrong_in_a_pack_is_named_with_its_line),
		TEST(test_a_pack_is_named_once_and_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
