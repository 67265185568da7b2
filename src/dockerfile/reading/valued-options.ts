// Options that take a value, by command: those of Poetry (1.0 to 2.4), pip, uv and pdm that stand in Dockerfiles.

/** Before and behind Poetry's command alike. */
export const POETRY_VALUED: ReadonlySet<string> = new Set(
  '--with --without --only --extras -E --directory -C --project -P --format -f --output -o --dev-group'.split(
    ' ',
  ),
);

export const PIP_VALUED: ReadonlySet<string> = new Set(
  `-r --requirement --requirements -c --constraint --constraints -e --editable -t --target -i --index-url
  --extra-index-url -f --find-links --prefix --root --python --python-version --platform --only-binary --no-binary
  --upgrade-strategy --src --trusted-host --cert --client-cert --timeout --retries --cache-dir --use-feature
  --use-deprecated --progress-bar -C --config-settings --global-option --build-option --report --log --proxy
  --implementation --abi --exists-action --root-user-action -w --wheel-dir -d --dest --group --keyring-provider
  --override --index --default-index --index-strategy --link-mode -p --exclude-newer --resolution --prerelease
  --extra`.split(/\s+/),
);

export const UV_VALUED: ReadonlySet<string> = new Set(
  `--group --no-group --only-group --extra --no-extra --package -p --python --index --default-index --index-url -i
  --extra-index-url --find-links -f --directory --project --config-file --cache-dir --link-mode -o --output-file
  --format --with --with-editable --with-requirements --from --env-file --no-install-package --index-strategy
  --resolution --prerelease --refresh-package --upgrade-package -P --exclude-newer --keyring-provider --color
  --config-setting -C --no-build-package --no-binary-package --prune`.split(/\s+/),
);

export const PDM_VALUED: ReadonlySet<string> = new Set(
  `-G --group --with --without -p --project -L --lockfile -k --skip -o --output -f --format --venv -c --config
  --config-setting -C --override -V`.split(/\s+/),
);
