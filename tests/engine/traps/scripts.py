"""What install scripts read and make."""

from tests.engine.traps.trap import NPM, Trap, all_first, manifests_first

SCRIPTS = [
    Trap(
        "the postinstall script of npm needs a file",
        {
            **NPM,
            "package.json": '{"scripts": {"postinstall": "node scripts/setup.js"}}',
            "scripts/setup.js": "require('./paths')\n",
            "scripts/paths.js": "",
        },
        all_first("npm ci"),
        manifests_first("npm ci", "COPY package*.json ./\n"),
        manifests_first("npm ci", "COPY package*.json ./\nCOPY scripts scripts\n"),
        "cannot find scripts/setup.js",
    ),
    Trap(
        "the prepare script of npm compiles the source",
        {
            "package.json": '{"scripts": {"prepare": "tsc"}, "devDependencies": {"typescript": "5"}}',
            "package-lock.json": "{}",
            "tsconfig.json": "{}",
            "src/a.ts": "1",
        },
        all_first("npm ci"),
        manifests_first("npm ci", "COPY package*.json ./\n"),
        None,
        "tsconfig.json",
    ),
    Trap(
        "the postinstall script of yarn needs a file",
        {
            "package.json": '{"scripts": {"postinstall": "node tools/link.js"}}',
            "yarn.lock": "",
            "tools/link.js": "",
        },
        all_first("yarn install --frozen-lockfile"),
        manifests_first("yarn install --frozen-lockfile", "COPY package.json yarn.lock ./\n"),
        manifests_first(
            "yarn install --frozen-lockfile", "COPY package.json yarn.lock ./\nCOPY tools tools\n"
        ),
        "cannot find tools/link.js",
    ),
    Trap(
        "the prepare script of pnpm needs a schema",
        {
            "package.json": '{"scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "5"}}',
            "pnpm-lock.yaml": "",
            "prisma/schema.prisma": "x",
        },
        all_first("pnpm install --frozen-lockfile"),
        manifests_first("pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml ./\n"),
        manifests_first(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml ./\nCOPY prisma prisma\n",
        ),
        "could not find the Prisma schema",
    ),
    Trap(
        "the postinstall script of bun needs a file",
        {"package.json": '{"scripts": {"postinstall": "node a.js"}}', "bun.lock": "{}", "a.js": ""},
        all_first("bun install --frozen-lockfile", "oven/bun:1"),
        manifests_first(
            "bun install --frozen-lockfile", "COPY package.json bun.lock ./\n", "oven/bun:1"
        ),
        None,
        "cannot find a.js",
    ),
    Trap(
        "composer runs the application after an install",
        {
            "composer.json": '{"require": {"a/b": "1"}, "scripts": {"post-autoload-dump": ["@php artisan package:discover"]}}',
            "composer.lock": "{}",
            "artisan": "<?php",
        },
        all_first("composer install", "composer:2"),
        manifests_first("composer install", "COPY composer.json composer.lock ./\n", "composer:2"),
        manifests_first(
            "composer install --no-scripts --no-autoloader",
            "COPY composer.json composer.lock ./\n",
            "composer:2",
            "RUN composer dump-autoload\n",
        ),
        "cannot find artisan",
    ),
    Trap(
        "composer's class map scans folders of the source",
        {
            "composer.json": '{"autoload": {"classmap": ["database/"]}}',
            "composer.lock": "{}",
            "database/A.php": "<?php",
        },
        all_first("composer install", "php:8"),
        manifests_first("composer install", "COPY composer.* ./\n", "php:8"),
        manifests_first(
            "composer install --no-autoloader",
            "COPY composer.* ./\n",
            "php:8",
            "RUN composer dump-autoload\n",
        ),
        "could not scan for classes",
    ),
]
