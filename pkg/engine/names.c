// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/names.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "pkg/util/mem.h"

static const char *const adjectives[] = {
	"able", "amber", "ample", "apt", "awake", "bold", "brave", "brief", "bright", "brisk", "calm",
	"candid", "clear", "clever", "cosy", "crisp", "deft", "eager", "early", "easy", "fair", "fast",
	"fine", "firm", "fleet", "fond", "frank", "free", "fresh", "gentle", "glad", "golden", "grand",
	"green", "hardy", "honest", "jolly", "keen", "kind", "light", "lively", "lucid", "lucky", "merry",
	"mild", "neat", "nimble", "noble", "patient", "plain", "polite", "proud", "quick", "quiet", "rapid",
	"ready", "rosy", "royal", "sharp", "silent", "silver", "sincere", "smart", "smooth", "snug", "sober",
	"solid", "sound", "spry", "stable", "stout", "strong", "sunny", "sure", "swift", "tall", "tidy",
	"true", "upbeat", "vivid", "warm", "wise", "witty", "young",
};

static const char *const nouns[] = {
	"alder", "anchor", "aspen", "badger", "beacon", "birch", "bridge", "brook", "canoe", "cedar", "cliff",
	"cloud", "comet", "coral", "crane", "creek", "dune", "eagle", "ember", "falcon", "fern", "finch",
	"fjord", "forest", "fox", "garden", "glade", "grove", "harbor", "hare", "hawk", "hazel", "heron",
	"hill", "island", "ivy", "jay", "kestrel", "lagoon", "lake", "lantern", "lark", "lynx", "maple",
	"marten", "meadow", "meteor", "moon", "moss", "oak", "ocean", "olive", "orchid", "osprey", "otter",
	"owl", "pebble", "pine", "planet", "pond", "poplar", "prairie", "quail", "raven", "reef", "ridge",
	"river", "robin", "rowan", "sail", "seal", "shore", "sparrow", "spruce", "star", "stream", "swan",
	"thistle", "tide", "trout", "valley", "violet", "willow", "wren",
};

bool name_is_valid(const char *name)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *name && strchr(alnum, *name) && strspn(name, all) == strlen(name) && strlen(name) <= 255;
}

char *name_random(void)
{
	uint32_t r[2] = { 0 };

	(void)!getrandom(r, sizeof(r), 0);
	return mem_printf("%s_%s", adjectives[r[0] % ARRAY_LEN(adjectives)], nouns[r[1] % ARRAY_LEN(nouns)]);
}
