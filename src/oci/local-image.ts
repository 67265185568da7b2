// How users name images that are on this disk.

const KINDS = ['oci', 'oci-archive', 'docker-archive'] as const;

/** Whether a name says where on this disk an image is, and no registry: `oci:DIR`. */
export function isLocalImage(reference: string): boolean {
  return KINDS.some((kind) => reference.startsWith(`${kind}:`));
}
