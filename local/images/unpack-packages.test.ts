import assert from "node:assert/strict";
import { test } from "node:test";
import { choosePackages, mirrorsOf } from "./unpack-packages.ts";

const uri = (file: string): string => `'http://mirror.test/pool/main/x/${file}' ${file} 1000 SHA256:00`;

test("choosePackages selects the wanted packages and libraries, at apt's version", () => {
  const printed = [
    "Reading package lists...",
    uri("redis-server_5%3a8.0.2-3+deb13u3_amd64.deb"),
    uri("zlib1g_1%3a1.3.dfsg+really1.3.1-1_amd64.deb"),
    uri("libssl3t64_3.5.9-1~deb13u1_amd64.deb"),
    uri("perl-base_5.40.1-6_amd64.deb"),
    uri("libperl5.40_5.40.1-6_amd64.deb"),
    uri("libjson-xs-perl_4.040-1_amd64.deb"),
    uri("libllvm19_1%3a19.1.7-3_amd64.deb"),
    uri("systemd_257.13-1_amd64.deb"),
  ].join("\n");
  assert.deepEqual(choosePackages(printed, ["redis-server"]), [
    { name: "redis-server", version: "5:8.0.2-3+deb13u3" },
    { name: "zlib1g", version: "1:1.3.dfsg+really1.3.1-1" },
    { name: "libssl3t64", version: "3.5.9-1~deb13u1" },
  ]);
});

test("mirrorsOf returns the mirrors of the machine's sources", () => {
  const lines = [
    "Docker CE|stable|https://download.docker.test/linux/debian/",
    "Debian|contrib|http://contrib.test/debian/",
    "Debian|main|http://mirror.test/debian/",
    "Debian-Security|main|http://mirror.test/debian-security/",
  ].join("\n");
  assert.deepEqual(mirrorsOf(lines), {
    debian: "http://mirror.test/debian",
    security: "http://mirror.test/debian-security",
  });
});

test("mirrorsOf returns the public mirrors when the machine has no sources", () => {
  assert.deepEqual(mirrorsOf(""), {
    debian: "http://deb.debian.org/debian",
    security: "http://deb.debian.org/debian-security",
  });
});
