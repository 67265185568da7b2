// The values of `--output`, `--cache-from` and the like: comma-separated fields, as BuildKit's clients read them (CSV).

/** Fields with commas or quotes in them are quoted. */
export function csv(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}

/** BuildKit's exporter of one OCI archive. */
export function archiveOutput(path: string, compression: string | undefined): string {
  return csv({
    type: 'oci',
    dest: path,
    // Of a layer that the base brings as well: an image is of one kind.
    ...(compression === undefined
      ? {}
      : { compression, 'force-compression': 'true', 'oci-mediatypes': 'true' }),
  });
}

/** A reference alone is a cache in a registry. */
export function cacheOf(text: string): string {
  return text.includes('=') ? text : csv({ type: 'registry', ref: text });
}
