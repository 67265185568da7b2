// The version of this package: part of every key, because another version may lay out an image differently.

export const VERSION = '0.1.0';
