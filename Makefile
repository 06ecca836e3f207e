# `make run` and `make test` are all you need; they install what they need into this folder.
.PHONY: run test lint types format check bench chaos build secrets clean
.NOTPARALLEL:

run:
	@bin/chatadmin run

test:
	@bin/chatadmin test $(ARGS)

lint:
	@bin/chatadmin lint

types:
	@bin/chatadmin types

format:
	@bin/chatadmin format

# What .ci/run does before the tests: lint, types, messages, migrations, import map, sizes.
check:
	@bin/chatadmin check

bench:
	@bin/chatadmin bench $(ARGS)

# Random faults while admins save, for five minutes: ARGS="--minutes 30 --admins 8".
chaos:
	@bin/chatadmin chaos $(ARGS)

# Python packages, front end and messages, without starting anything.
build:
	@bin/chatadmin build

# Keys, passwords and a certificate for docker-compose.yml; ARGS="add signing" and so on changes a key (docs/operating.md).
secrets:
	@bin/chatadmin secrets $(ARGS)

# Everything that was installed or built, but no data: that is .local/, and yours to delete.
clean:
	@bin/chatadmin clean
