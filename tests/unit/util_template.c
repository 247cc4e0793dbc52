// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/template.h"

/* After ours: it has a macro fail(). */
#include <cmocka.h>

/* What podman's `info` has, as far as the tests ask. */
static const char info[] =
	"{\"Host\":{\"Arch\":\"amd64\",\"OS\":\"linux\",\"CPUs\":2,\"ServiceIsRemote\":false,"
	"\"Distribution\":{\"Distribution\":\"debian\",\"Variant\":\"\",\"Version\":\"12\","
	"\"Codename\":\"bookworm\"},\"CgroupControllers\":[],"
	"\"IDMappings\":{\"gidmap\":[{\"a\":0,\"b\":1001,\"c\":1},{\"a\":1,\"b\":100000,\"c\":65536}]},"
	"\"CPUUtilization\":{\"u\":1.66,\"s\":1.06,\"i\":97.28},\"Health\":null},"
	"\"Plugins\":{\"Volume\":[\"local\"],\"Network\":[\"bridge\",\"macvlan\",\"ipvlan\"],"
	"\"Log\":[\"k8s-file\",\"none\",\"passthrough\",\"journald\"]},"
	"\"Id\":\"0123456789abcdef\",\"Names\":[\"web\",\"db\"],\"Big\":9223372036854775807,"
	"\"Labels\":{\"b\":\"2\",\"a\":\"<x>&y\",\"io.x/y\":\"dotted\",\"n\":null},"
	"\"NetworkSettings\":{\"IPAddress\":\"10.0.0.1\",\"Networks\":{\"two\":{\"IPAddress\":\"10.2\"},"
	"\"one\":{\"IPAddress\":\"10.1\"}}},\"Registries\":{},\"Empty\":\"\",\"Zero\":0,\"Frac\":0.5}";

struct row {
	const char *in;
	const char *out;
};

/* The ones marked podman were seen with podman 4.3.1's `info --format`. */
static const struct row good[] = {
	{ "", "" },
	{ "plain } text {", "plain } text {" },
	{ "{{.Host.Arch}}", "amd64" },
	{ "{{ .Host.Arch }}/{{.Host.OS}}", "amd64/linux" },
	{ "{{.ID}} {{.Id}}", "0123456789abcdef 0123456789abcdef" },
	{ "{{.Big}} {{json .Big}} {{printf \"%d\" .Big}}",
	  "9223372036854775807 9223372036854775807 9223372036854775807" },
	/* podman: */
	{ "{{json \"<a&b>\\u00e9\\u2028\\x01\\b\"}}", "\"<a&b>\xc3\xa9\\u2028\\u0001\\u0008\"" },
	{ "{{printf \"%5d|%-10s|%q|%x|%t|%.2f|%%|%v\" 3 \"ab\" \"q\\\"\\n\" 255 true 1.5 nil}}",
	  "    3|ab        |\"q\\\"\\n\"|ff|true|1.50|%|<nil>" },
	{ "{{printf \"%d %s\" \"x\" 5}}", "%!d(string=x) %!s(int=5)" },
	{ "{{printf \"%d\"}}", "%!d(MISSING)" },
	{ "{{printf \"x\" 1 \"a\"}}", "x%!(EXTRA int=1, string=a)" },
	{ "{{1.5}} {{1e6}} {{1e21}} {{0.00001}} {{100000000.0}} {{3.0}}",
	  "1.5 1e+06 1e+21 1e-05 1e+08 3" },
	{ "{{123456789.0}} {{1234567.5}} {{print 123456.5}} {{printf \"%v %g\" 12345678.5 12345678.5}}",
	  "1.23456789e+08 1.2345675e+06 123456.5 1.23456785e+07 1.23456785e+07" },
	{ "{{printf \"%q %q\" 65 233}} {{printf \"%v\" 100000.0}} {{1e20}} {{json 1e6}} {{json 1e21}} "
	  "{{json 0.0000001}}", "'A' '\xc3\xa9' 100000 1e+20 1000000 1e+21 1e-7" },
	{ "{{title \"hello wOrld-foo bar\"}} {{pad \"x\" 2 3}}| {{truncate \"abcdef\" 3}} "
	  "{{split \"a,b,c\" \",\"}} {{join (split \"a,b\" \",\") \"-\"}}",
	  "Hello WOrld-Foo Bar   x   | abc [a b c] a-b" },
	{ "{{title \"ab_cd \xc3\xa9\"}} {{upper \"\xc3\xa9\"}} {{lower \"\xc3\x84X\"}}",
	  "Ab_cd \xc3\x89 \xc3\x89 \xc3\xa4x" },
	{ "{{.Host.Distribution}} {{.Host.CgroupControllers}} {{.Host.IDMappings}}",
	  "{debian  12 bookworm} [] {[{0 1001 1} {1 100000 65536}]}" },
	{ "{{.Registries}} {{len .Plugins.Volume}} {{.Plugins}}",
	  "map[] 1 {[local] [bridge macvlan ipvlan] [k8s-file none passthrough journald]}" },
	{ "{{print 1 2 \"a\" \"b\" 3}} {{println \"x\" 1}}", "1 2ab3 x 1\n" },
	{ "{{'a'}} {{print 'a'}}", "97 97" },
	{ "{{eq 1 2 1}} {{ne \"a\" \"b\"}} {{lt 1 2}} {{and 1 0 \"x\"}} {{or 0 \"\" \"z\"}} {{not 0}}",
	  "true true true 0 z true" },
	{ "{{slice \"abcdef\" 1 3}} {{slice .Plugins.Log 1 2}} {{slice \"abc\" 1}} {{slice \"abc\"}}",
	  "bc [none] bc abc" },
	{ "{{\"x\" | printf \"%s-%s\" \"y\"}}", "y-x" },
	{ "{{(index .Plugins.Volume 0)}} {{with $x := .Host}}{{$x.Arch}}{{.OS}}{{end}}",
	  "local amd64linux" },
	{ "{{range $i, $e := .Plugins.Network}}{{$i}}={{$e}}{{if $i}}{{break}}{{end}} {{end}}",
	  "0=bridge 1=macvlan" },
	{ "{{printf \"%T %T %T\" 1 \"a\" 1.5}}", "int string float64" },
	{ "{{printf \"%s\" .Plugins.Log}} {{printf \"%q\" .Plugins.Network}}",
	  "[k8s-file none passthrough journald] [\"bridge\" \"macvlan\" \"ipvlan\"]" },
	{ "{{printf \"%+v|%#v\" .Host.Distribution \"a\"}}",
	  "{Distribution:debian Variant: Version:12 Codename:bookworm}|\"a\"" },
	{ "{{printf \"%08.3f|%+d|% d|%x|%X|%c|%U\" 3.14159 5 5 \"hi\" \"hi\" 65 65}}",
	  "0003.142|+5| 5|6869|6869|A|U+0041" },
	{ "{{json .Host.Distribution}}",
	  "{\"Distribution\":\"debian\",\"Variant\":\"\",\"Version\":\"12\",\"Codename\":\"bookworm\"}" },
	{ "{{.Host.CPUUtilization}}", "{1.66 1.06 97.28}" },
	{ "{{/* c */}}a{{- \" b \" -}}  c", "a b c" },
	{ "{{printf \"%6.2v|%*d\" 3.14159 5 42}}", "   3.1|   42" },
	{ "{{true}}{{false}}{{0x1f}} {{-5}} {{1_000}} {{0b101}} {{0o17}}", "truefalse31 -5 1000 5 15" },
	{ "{{printf \"%t\" 1}} {{printf \"%s\" nil}} {{printf \"%d\" 1.5}} {{printf \"%z\" 1}}",
	  "%!t(int=1) %!s(<nil>) %!d(float64=1.5) %!z(int=1)" },
	{ "{{printf \"%5v|%05d|%-5d|%5q|%x\" \"\xc3\xa9\" -3 3 \"a\" -255}}",
	  "    \xc3\xa9|-0003|3    |  \"a\"|-ff" },
	{ "{{printf \"%6.3v|%.2s|%10.3f|%-8.2e|\" \"abcdef\" \"h\xc3\xa9llo\" 2.5 1234.5}}",
	  "   abc|h\xc3\xa9|     2.500|1.23e+03|" },
	{ "{{printf \"%3c|%o|%b|%#x|%q\" 65 8 5 255 \"\xc3\xa9\\u00a0\\x00\"}}",
	  "  A|10|101|0xff|\"\xc3\xa9\\u00a0\\x00\"" },
	{ "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2" },
	{ "{{range $x := .Plugins.Log}}{{$x}} {{end}}{{with \"q\"}}{{.}}{{$.Host.OS}}{{end}}",
	  "k8s-file none passthrough journald qlinux" },
	{ "{{or 1 .Foo}} {{and 0 .Foo}}", "1 0" },
	{ "{{split \"\" \",\"}} {{len (split \"\" \",\")}} {{split \"abc\" \"\"}}", "[] 1 [a b c]" },
	{ "{{print nil}} {{print nil nil}} {{println nil \"a\"}}", "<nil> <nil> <nil> <nil> a\n" },
	{ "{{index \"abc\" 1}} {{len \"\xc3\xa9\"}}", "98 2" },
	{ "{{gt \"b\" \"a\"}} {{ge 2 2}} {{le 1.5 2.5}} {{eq nil nil}}", "true true true true" },
	{ "{{.Labels.a}} {{.Labels.zz}} {{index .Labels \"zz\"}}|{{.Labels.n}}",
	  "<x>&y <no value> |<no value>" },
	{ "{{index .Labels \"io.x/y\"}} {{.Labels}}",
	  "dotted map[a:<x>&y b:2 io.x/y:dotted n:<nil>]" },
	/* the ones of everyday */
	{ "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "10.1 10.2 " },
	{ "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}:{{$v.IPAddress}} {{end}}",
	  "one:10.1 two:10.2 " },
	{ "{{(index .NetworkSettings.Networks \"two\").IPAddress}}", "10.2" },
	{ "{{range .Host.CgroupControllers}}x{{else}}none{{end}}", "none" },
	{ "{{range .Host.Health}}x{{else}}none{{end}}", "none" },
	{ "{{if .Empty}}a{{else if .Zero}}b{{else if .Frac}}c{{else}}d{{end}}", "c" },
	{ "{{with .Empty}}a{{else}}b{{end}}", "b" },
	{ "{{if .Host}}struct{{end}}{{if not .Registries}} empty{{end}}", "struct empty" },
	{ "{{.Host.Health}} {{json .Host.Health}} {{if .Host.Health}}x{{else}}no{{end}}",
	  "<nil> null no" },
	{ "{{json .Names}} {{join .Names \",\"}} {{.Names}}", "[\"web\",\"db\"] web,db [web db]" },
	{ "{{range .Names}}{{if eq . \"web\"}}{{continue}}{{end}}{{.}}{{end}}", "db" },
	{ "{{.Names | json | printf \"%s!\"}}", "[\"web\",\"db\"]!" },
	{ "{{len .Names | printf \"%03d\"}}", "002" },
	{ "a\n  {{- /* gone */ -}}  \n b", "ab" },
	{ "{{`raw \\n`}}", "raw \\n" },
	{ "{{truncate \"h\xc3\xa9llo\" 2}} {{truncate \"ab\" 9}}", "h\xc3\xa9 ab" },
	{ "{{printf \"%s\" (printf \"%d\" 3)}}", "3" },
	{ "{{if and (eq .Host.OS \"linux\") (gt .Host.CPUs 1)}}yes{{end}}", "yes" },
	{ "{{eq .Labels.none \"x\"}} {{ne .Labels.none \"x\"}}", "false true" },
};

static json_t *load(const char *text)
{
	struct fail f = { 0 };
	json_t *j = jsonf_parse(text, strlen(text), 0, "the test", &f);

	assert_non_null(j);
	return j;
}

static int render(const char *text, const json_t *data, const struct template_env *env,
		  struct str *out, struct fail *f)
{
	auto_template struct template *t = NULL;
	int r = template_parse("--format", text, &t, f);

	return r < 0 ? r : template_render(t, data, env, out, f);
}

static void renders_like_go(void **state)
{
	const struct template_env env = { 0 };
	auto_json json_t *data = load(info);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		auto_str struct str out = STR_INIT(65536);
		struct fail f = { 0 };
		int r;

		r = render(good[i].in, data, &env, &out, &f);
		if (r < 0)
			print_error("%s: %s\n", good[i].in, f.msg);
		assert_int_equal(r, 0);
		if (strcmp(str_cstr(&out), good[i].out))
			print_error("%s\n", good[i].in);
		assert_string_equal(str_cstr(&out), good[i].out);
	}
}

static const struct row bad[] = {
	{ "{{.Foo}}", "line 1, column 3: can't evaluate field Foo" },
	{ "ab\n {{.Host.Foo}}", "line 2, column 4: can't evaluate field Foo" },
	{ "\xc3\xa9{{.Foo}}", "line 1, column 4: can't evaluate field Foo" },
	{ "{{.Host.Arch.Foo}}", "line 1, column 3: can't evaluate field Foo in type string" },
	{ "{{.Host.Health.Status}}", "line 1, column 3: nil pointer evaluating field Status" },
	{ "{{foo .}}", "line 1, column 3: function \"foo\" not defined" },
	{ "{{$x}}", "line 1, column 3: undefined variable \"$x\"" },
	{ "{{$x = 1}}", "line 1, column 3: undefined variable \"$x\"" },
	{ "{{if .Names}}", "line 1, column 3: unexpected EOF: this block has no {{end}}" },
	{ "{{if 1}}{{$y := 2}}{{end}}{{$y}}", "line 1, column 29: undefined variable \"$y\"" },
	{ "{{end}}", "line 1, column 6: unexpected {{end}}" },
	{ "{{else}}", "line 1, column 7: unexpected {{else}}" },
	{ "{{if 1}}{{else}}{{else}}{{end}}", "line 1, column 23: expected end; found {{else}}" },
	{ "{{nil}}", "line 1, column 3: nil is not a command" },
	{ "{{break}}", "line 1, column 3: {{break}} outside {{range}}" },
	{ "{{\"a", "line 1, column 3: unterminated quoted string" },
	{ "{{\"\\q\"}}", "line 1, column 3: invalid escape in a string" },
	{ "{{`a", "line 1, column 3: unterminated raw quoted string" },
	{ "{{''}}", "line 1, column 3: malformed character constant" },
	{ "{{.Names", "line 1, column 9: unclosed action: '}}' is missing" },
	/* Not where the spaces end: --format adds a line's end of its own. */
	{ "{{.Names\n", "line 1, column 9: unclosed action: '}}' is missing" },
	{ "{{/* x", "line 1, column 3: unclosed comment" },
	{ "{{/* x */ 1}}", "line 1, column 3: comment ends before closing delimiter" },
	{ "{{)}}", "line 1, column 3: unexpected right paren" },
	{ "{{(1}}", "line 1, column 5: unclosed left paren" },
	{ "{{|}}", "line 1, column 3: missing value for command" },
	{ "{{if}}{{end}}", "line 1, column 5: missing value for command" },
	{ "{{1a}}", "line 1, column 3: bad number syntax: \"1a\"" },
	{ "{{99999999999999999999}}",
	  "line 1, column 3: bad number syntax: \"99999999999999999999\"" },
	{ "{{\"a\" \"b\"}}", "line 1, column 3: can't give argument to non-function" },
	{ "{{1 | 2}}", "line 1, column 7: non executable command in pipeline" },
	{ "{{len}}", "line 1, column 3: wrong number of args for len: want 1 got 0" },
	{ "{{.Host | len 3}}", "line 1, column 11: wrong number of args for len: want 1 got 2" },
	{ "{{eq 1}}", "line 1, column 3: wrong number of args for eq: want at least 2 got 1" },
	{ "{{template \"x\"}}", "line 1, column 3: {{template}} is not supported" },
	{ "{{index .Plugins.Volume 5}}",
	  "line 1, column 3: error calling index: index out of range: 5" },
	{ "{{index .Plugins.Volume \"a\"}}",
	  "line 1, column 3: error calling index: cannot index slice/array with type string" },
	{ "{{index .Host \"x\"}}",
	  "line 1, column 3: error calling index: can't index item of type struct" },
	{ "{{eq 1 \"a\"}}", "line 1, column 3: error calling eq: incompatible types for comparison" },
	{ "{{lt nil 1}}", "line 1, column 3: error calling lt: invalid type for comparison" },
	{ "{{eq .Names \"a\"}}", "line 1, column 3: error calling eq: non-comparable type list" },
	{ "{{len 3}}", "line 1, column 3: error calling len: len of type int" },
	{ "{{lower 3}}", "line 1, column 3: error calling lower: expected string; found int" },
	{ "{{slice \"abc\" 2 9}}", "line 1, column 3: error calling slice: index out of range: 9" },
	{ "{{range .Host.CPUs}}{{end}}", "line 1, column 9: range can't iterate over a plain value" },
	{ "{{range .Host}}{{end}}", "line 1, column 9: range can't iterate over an object" },
	{ "{{.a\x1b[1mb}}", "line 1, column 5: unexpected '\\x1b' in the action" },
	{ "{{pad \"x\" 9999999 0}}",
	  "line 1, column 3: error calling pad: a value grows past 4194304 bytes" },
};

static void errors_name_the_place(void **state)
{
	const struct template_env env = { 0 };
	auto_json json_t *data = load(info);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_free char *want = mem_printf("template: --format: %s", bad[i].out);
		auto_str struct str out = STR_INIT(65536);
		struct fail f = { 0 };
		int r = render(bad[i].in, data, &env, &out, &f);

		if (r != -EINVAL || strcmp(f.msg, want))
			print_error("%s gives %d %s%s\n", bad[i].in, r, str_cstr(&out), f.msg);
		assert_int_equal(r, -EINVAL);
		assert_string_equal(f.msg, want);
	}
}

static void a_wrong_name_gets_a_hint(void **state)
{
	static const struct row rows[] = {
		{ "{{.Name}}", "did you mean '.Names'?" },
		{ "{{.names}}", "did you mean '.Names'?" },
		{ "{{.Host.Archh}}", "did you mean '.Arch'?" },
		{ "{{.Xyzzy}}", "" },
	};
	const struct template_env env = { 0 };
	auto_json json_t *data = load(info);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str out = STR_INIT(65536);
		struct fail f = { 0 };

		assert_int_equal(render(rows[i].in, data, &env, &out, &f), -EINVAL);
		assert_string_equal(f.hint, rows[i].out);
	}
}

static void without_an_env_all_are_maps(void **state)
{
	auto_json json_t *data = load("{\"b\":{\"y\":1,\"x\":[{\"q\":null}]},\"a\":\"t\"}");
	auto_str struct str out = STR_INIT(65536);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(render("{{.}} {{.zz.deep}} {{range .b.x}}{{.none}}{{end}}", data, NULL, &out, &f),
			 0);
	assert_string_equal(str_cstr(&out),
			    "map[a:t b:map[x:[map[q:<nil>]] y:1]] <no value> <no value>");
}

static void hostile_templates_end(void **state)
{
	auto_json json_t *data = load(info);
	auto_str struct str deep = STR_INIT(65536), parens = STR_INIT(65536), grow = STR_INIT(65536),
				loops = STR_INIT(65536), out = STR_INIT(1000);
	struct fail f = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		str_add(&deep, "{{if 1}}");
	assert_int_equal(render(str_cstr(&deep), data, NULL, &out, &f), -EINVAL);
	assert_string_equal(f.msg, "template: --format: line 1, column 515: nested more than 64 deep");
	fail_clear(&f);
	str_add(&parens, "{{");
	for (int i = 0; i < 1000; i++)
		str_add(&parens, "(");
	assert_int_equal(render(str_cstr(&parens), data, NULL, &out, &f), -EINVAL);
	fail_clear(&f);
	str_add(&grow, "{{$x := \"aaaaaaaaaaaaaaaa\"}}");
	for (int i = 0; i < 40; i++)
		str_add(&grow, "{{$x = print $x $x}}");
	assert_int_equal(render(str_cstr(&grow), data, NULL, &out, &f), -EINVAL);
	assert_string_equal(f.msg, "template: --format: line 1, column 396: error calling print: "
				   "a value grows past 4194304 bytes");
	fail_clear(&f);
	str_add(&loops, "{{$l := split \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" \"\"}}");
	for (int i = 0; i < 20; i++)
		str_add(&loops, "{{range $l}}");
	for (int i = 0; i < 20; i++)
		str_add(&loops, "{{end}}");
	assert_int_equal(render(str_cstr(&loops), data, NULL, &out, &f), -EINVAL);
	assert_non_null(strstr(f.msg, "the template does too much work"));
	fail_clear(&f);
	assert_int_equal(render("{{range .Names}}{{pad . 900 900}}{{end}}", data, NULL, &out, &f), -E2BIG);
	assert_string_equal(f.msg, "template: --format: line 1, column 19: the output is larger than "
				   "1000 bytes");
}

static const char volumes[] =
	"[{\"Name\":\"vol1\",\"Driver\":\"local\",\"Labels\":{\"a\":\"<x>&y\"},\"MountCount\":0},"
	"{\"Name\":\"vol2longername\",\"Driver\":\"local\",\"Labels\":{},\"MountCount\":3}]";

static const struct format_header headers[] = { { "Name", "VOLUME NAME" }, { NULL, NULL } };

/* All but the JSON lines were seen with podman 4.3.1's `volume ls`. */
static const struct row formats[] = {
	{ NULL, "DRIVER      VOLUME NAME\nlocal       vol1\nlocal       vol2longername\n" },
	{ "table", "DRIVER      VOLUME NAME\nlocal       vol1\nlocal       vol2longername\n" },
	{ "table {{.Name}} {{.Driver}}\\t{{.Labels}}",
	  "VOLUME NAME     DRIVER      LABELS\nvol1            local       map[a:<x>&y]\n"
	  "vol2longername  local       map[]\n" },
	{ "table x {{.Name}} {{printf \"%s b\" .Driver}} {{.MountCount}} y",
	  "x           VOLUME NAME     DRIVER      MOUNT COUNT  y\n"
	  "x           vol1            local b     0            y\n"
	  "x           vol2longername  local b     3            y\n" },
	{ "table {{.Name}}\\n{{.Driver}}", "VOLUME NAME\nDRIVER\nvol1\nlocal\nvol2longername\nlocal\n" },
	{ "table {{if .Labels}}{{.Labels.a}}{{end}}", "A\n<x>&y\n\n" },
	{ "{{.Name}}\\t{{.Driver}}", "vol1\tlocal\nvol2longername\tlocal\n" },
	{ "{{.Name}}\\n", "vol1\nvol2longername\n" },
	{ "  {{.Name}}", "  vol1\n  vol2longername\n" },
	{ "{{range .}}{{.Name}};{{end}}", "vol1;vol2longername;\n" },
	{ "{{ range $i, $v := . }}{{$i}}{{.Name}};{{ end }}", "0vol1;1vol2longername;\n" },
	{ "{{range .Labels}}{{.}}{{end}}", "<x>&y\n\n" },
	{ "{{json .Labels}} x", "{\"a\":\"<x>&y\"} x\n{} x\n" },
	{ "{{json .}}", "{\"Name\":\"vol1\",\"Driver\":\"local\",\"Labels\":{\"a\":\"<x>&y\"},"
			"\"MountCount\":0}\n{\"Name\":\"vol2longername\",\"Driver\":\"local\",\"Labels\":{},"
			"\"MountCount\":3}\n" },
	{ "json", "[\n    {\n        \"Name\": \"vol1\",\n        \"Driver\": \"local\",\n"
		  "        \"Labels\": {\n            \"a\": \"\\u003cx\\u003e\\u0026y\"\n        },\n"
		  "        \"MountCount\": 0\n    },\n    {\n        \"Name\": \"vol2longername\",\n"
		  "        \"Driver\": \"local\",\n        \"Labels\": {},\n        \"MountCount\": 3\n"
		  "    }\n]\n" },
};

static void rows_follow_podman(void **state)
{
	const struct format_table table = { .format = "table {{.Driver}}\t{{.Name}}", .headers = headers };
	auto_json json_t *rows = load(volumes);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		auto_str struct str out = STR_INIT(65536);
		struct fail f = { 0 };

		assert_int_equal(format_rows(formats[i].in, rows, &table, &out, &f), 0);
		assert_string_equal(str_cstr(&out), formats[i].out);
	}
}

static void rows_without_heading_or_rows(void **state)
{
	const struct format_table table = { .format = "table {{.Driver}} {{.Name}}", .headers = headers,
					    .noheading = true };
	auto_json json_t *rows = load(volumes), *none = json_array();
	auto_str struct str out = STR_INIT(65536), empty = STR_INIT(100), small = STR_INIT(5);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(format_rows(NULL, rows, &table, &out, &f), 0);
	assert_string_equal(str_cstr(&out), "local       vol1\nlocal       vol2longername\n");
	assert_int_equal(format_rows("json", none, NULL, &empty, &f), 0);
	assert_int_equal(format_rows("{{.Name}}", none, NULL, &empty, &f), 0);
	assert_int_equal(format_rows("table {{.Name}}", none, NULL, &empty, &f), 0);
	assert_string_equal(str_cstr(&empty), "[]\nNAME\n");
	assert_int_equal(format_rows("json", rows, NULL, &small, &f), -E2BIG);
	assert_string_equal(f.msg, "the output is larger than 5 bytes");
}

static void tables_hide_control_characters(void **state)
{
	auto_json json_t *rows = load("[{\"Name\":\"a\\u001b[2J\"}]");
	auto_str struct str out = STR_INIT(1000);
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(format_rows("table {{.Name}}", rows, NULL, &out, &f), 0);
	assert_string_equal(str_cstr(&out), "NAME\na\\x1b[2J\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders_like_go),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(a_wrong_name_gets_a_hint),
		cmocka_unit_test(without_an_env_all_are_maps),
		cmocka_unit_test(hostile_templates_end),
		cmocka_unit_test(rows_follow_podman),
		cmocka_unit_test(rows_without_heading_or_rows),
		cmocka_unit_test(tables_hide_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
