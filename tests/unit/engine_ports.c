// SPDX-License-Identifier: Apache-2.0
/* -p and --expose: what people type, what it means, what is said of a wrong one, and the words of ps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/ports.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *ip;
		int host, container, count;
		const char *protocol;
	} rows[] = {
		{ "80", NULL, 0, 80, 1, "tcp" },
		{ ":80", NULL, 0, 80, 1, "tcp" },
		{ "8080:80", NULL, 8080, 80, 1, "tcp" },
		{ "8080:80/tcp", NULL, 8080, 80, 1, "tcp" },
		{ "8080:80/TCP", NULL, 8080, 80, 1, "tcp" },
		{ "53:5353/udp", NULL, 53, 5353, 1, "udp" },
		{ "53/Udp", NULL, 0, 53, 1, "udp" },
		{ "9:9/sctp", NULL, 9, 9, 1, "sctp" },
		{ "1:65535", NULL, 1, 65535, 1, "tcp" },
		{ "127.0.0.1:8080:80", "127.0.0.1", 8080, 80, 1, "tcp" },
		{ "127.0.0.1::80/udp", "127.0.0.1", 0, 80, 1, "udp" },
		{ "0.0.0.0:8080:80", "0.0.0.0", 8080, 80, 1, "tcp" },
		{ "8000-8002:80-82", NULL, 8000, 80, 3, "tcp" },
		{ "8000-8000:80", NULL, 8000, 80, 1, "tcp" },
		{ "80-82", NULL, 0, 80, 3, "tcp" },
		{ "1.2.3.4:1-65535:1-65535/udp", "1.2.3.4", 1, 1, 65535, "udp" },
		{ "[::1]:8080:80", "::1", 8080, 80, 1, "tcp" },
		{ "[fe80::1]::80", "fe80::1", 0, 80, 1, "tcp" },
		{ "08080:0080", NULL, 8080, 80, 1, "tcp" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		struct port_map p;

		assert_int_equal(port_parse(rows[i].text, &p, &f), 0);
		if (rows[i].ip)
			assert_string_equal(p.host_ip, rows[i].ip);
		else
			assert_null(p.host_ip);
		assert_int_equal(p.host_port, rows[i].host);
		assert_int_equal(p.container_port, rows[i].container);
		assert_int_equal(p.count, rows[i].count);
		assert_string_equal(p.protocol, rows[i].protocol);
		port_map_done(&p);
	}
}

static void test_refused(void **state)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "", "must provide a non-empty container port to publish" },
		{ ":", "must provide a non-empty container port to publish" },
		{ "8080:", "must provide a non-empty container port to publish" },
		{ "/tcp", "must provide a non-empty container port to publish" },
		{ "/", "must provide a non-empty protocol to publish" },
		{ "8080:80/", "must provide a non-empty protocol to publish" },
		{ "80/foo", "unrecognized protocol \"foo\" in port mapping" },
		{ "80/tcp/udp", "invalid port format - protocol can only be specified once" },
		{ "1:2:3:4", "invalid port format - format is [[hostIP:]hostPort:]containerPort" },
		{ "::1:8080:80", "invalid port format - format is [[hostIP:]hostPort:]containerPort" },
		{ "[::1]:1:2:3", "invalid port format - format is [[hostIP:]hostPort:]containerPort" },
		{ "abc", "parsing container port: invalid port number \"abc\"" },
		{ "x:80", "parsing host port: invalid port number \"x\"" },
		{ "80:x", "parsing container port: invalid port number \"x\"" },
		{ "80: 80", "parsing container port: invalid port number \" 80\"" },
		{ "+80:80", "parsing host port: invalid port number \"+80\"" },
		{ "80:0x50", "parsing container port: invalid port number \"0x50\"" },
		{ "-80:80", "parsing host port: invalid port number \"\"" },
		{ "80-:80", "parsing host port: invalid port number \"\"" },
		{ "1-2-3:80", "parsing host port: port ranges must be formatted as start-stop, not \"1-2-3\"" },
		{ "0:80", "parsing host port: port numbers must be between 1 and 65535 (inclusive), got 0" },
		{ "80:0", "parsing container port: port numbers must be between 1 and 65535 (inclusive), got 0" },
		{ "65536:80", "parsing host port: port numbers must be between 1 and 65535 (inclusive), got 65536" },
		{ "80:99999999999999999999999",
		  "parsing container port: port numbers must be between 1 and 65535 (inclusive), got 99999999999999999999999" },
		{ "8000-8002:80", "host and container port ranges have different lengths: 3 vs 1" },
		{ "8000:80-82", "host and container port ranges have different lengths: 1 vs 3" },
		{ "8002-8000:80-82", "parsing host port: the end port of a range must be higher than the start port - "
		  "8000 is not higher than 8002" },
		{ "300.1.1.1:80:80", "cannot parse \"300.1.1.1\" as an IP address" },
		{ "1.2.3:80:80", "cannot parse \"1.2.3\" as an IP address" },
		{ "localhost:8080:80", "cannot parse \"localhost\" as an IP address" },
		{ ":8080:80", "must provide a non-empty container host IP to publish" },
		{ "[]:8080:80", "must provide a non-empty container host IP to publish" },
		{ "[::1]:80", "invalid port format - must provide host and destination port if specifying an IP" },
		{ "[::1]8080:80", "invalid port format - IPv6 address must be followed by a colon (':')" },
		{ "[::1", "invalid port format - IPv6 address must be followed by a colon (':')" },
		{ "::1]:8080:80", "invalid port format - IPv6 addresses must be enclosed by []" },
		{ "[::1%eth0]:8080:80", "cannot parse \"::1%eth0\" as an IP address" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *want = mem_printf("publish '%s': %s", rows[i].text, rows[i].message);
		struct fail f = { 0 };
		struct port_map p;

		assert_int_equal(port_parse(rows[i].text, &p, &f), -EINVAL);
		assert_string_equal(f.msg, want);
		assert_null(p.host_ip);
		assert_null(p.protocol);
	}
}

static void test_expose(void **state)
{
	auto_strv char **list = NULL;
	auto_free char *all = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(port_expose_parse("80", &list, &f), 0);
	assert_int_equal(port_expose_parse("80/tcp", &list, &f), 0);
	assert_int_equal(port_expose_parse("91-93/udp", &list, &f), 0);
	all = strv_join(list, " ");
	assert_string_equal(all, "80/tcp 91/udp 92/udp 93/udp");
	assert_int_equal(port_expose_parse("127.0.0.1:80", &list, &f), -EINVAL);
	assert_string_equal(f.msg, "expose '127.0.0.1:80': parsing container port: invalid port number \"127.0.0.1:80\"");
	fail_clear(&f);
	assert_int_equal(port_expose_parse("", &list, &f), -EINVAL);
}

static void test_words(void **state)
{
	struct port_map v[] = {
		{ NULL, 8080, 80, 1, (char *)"tcp" }, { NULL, 8081, 81, 2, (char *)"tcp" },
		{ (char *)"127.0.0.1", 53, 53, 1, (char *)"udp" }, { NULL, 9000, 80, 1, (char *)"tcp" },
	};
	char *exposed[] = { (char *)"80/tcp", (char *)"443/tcp", NULL };
	struct container_config c = { .net = { .ports = v, .n_ports = ARRAY_LEN(v) }, .exposed_ports = exposed };
	auto_free char *text = ports_text(&c), *dump = NULL, *list = NULL;
	auto_json json_t *j = ports_json(&c), *l = ports_list_json(&c);
	auto_strv char **lines = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_string_equal(text, "0.0.0.0:8080-8082->80-82/tcp, 127.0.0.1:53->53/udp, 0.0.0.0:9000->80/tcp, 443/tcp");
	dump = json_dumps(j, JSON_COMPACT);
	assert_string_equal(dump, "{\"443/tcp\":null,\"53/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"53\"}],"
			    "\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"},{\"HostIp\":\"\",\"HostPort\":\"9000\"}],"
			    "\"81/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8081\"}],"
			    "\"82/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8082\"}]}");
	list = json_dumps(json_array_get(l, 0), JSON_COMPACT);
	assert_string_equal(list, "{\"host_ip\":\"\",\"container_port\":80,\"host_port\":8080,\"range\":3,\"protocol\":\"tcp\"}");
	assert_int_equal(ports_lines(&c, "80", &lines, &f), 0);
	assert_int_equal(strv_len(lines), 2);
	assert_string_equal(lines[0], "0.0.0.0:8080");
	strv_free_ptr(&lines);
	assert_int_equal(ports_lines(&c, "53", &lines, &f), -ENOENT);
	assert_string_equal(f.msg, "failed to find published port \"53\"");
	fail_clear(&f);
	assert_int_equal(ports_lines(&c, "53/udp", &lines, &f), 0);
	assert_string_equal(lines[0], "127.0.0.1:53");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_expose),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
