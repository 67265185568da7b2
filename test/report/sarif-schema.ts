// What SARIF 2.1.0 asks of the parts that bivy writes (sections 3.13 to 3.57 of the standard): required members, kinds,
// bounds, and no member that the standard does not know.

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 1 } as const;

function object(required: readonly string[], properties: Readonly<Record<string, unknown>>): object {
  return { type: 'object', required, properties, additionalProperties: false };
}

function list(items: object): object {
  return { type: 'array', items };
}

const message = object(['text'], { text });
const help = object(['text'], { text, markdown: text });
const level = { enum: ['none', 'note', 'warning', 'error'] };
const region = object(['startLine'], {
  startLine: count,
  startColumn: count,
  endLine: count,
  endColumn: count,
});
const artifactLocation = object(['uri'], {
  uri: { type: 'string', format: 'uri-reference' },
  uriBaseId: { type: 'string', pattern: '^%[A-Z]+%$' },
});
const location = object(['physicalLocation'], {
  physicalLocation: object(['artifactLocation'], { artifactLocation, region }),
});
const replacement = object(['deletedRegion'], {
  deletedRegion: region,
  insertedContent: object(['text'], { text }),
});
const fix = object(['artifactChanges'], {
  description: message,
  artifactChanges: {
    ...list(
      object(['artifactLocation', 'replacements'], {
        artifactLocation,
        replacements: { ...list(replacement), minItems: 1 },
      }),
    ),
    minItems: 1,
    uniqueItems: true,
  },
});
const rule = object(['id'], {
  id: text,
  shortDescription: message,
  help,
  helpUri: { type: 'string', format: 'uri' },
  defaultConfiguration: object([], { level }),
  properties: object([], { tags: { ...list(text), uniqueItems: true } }),
});
const driver = object(['name'], {
  name: text,
  version: text,
  semanticVersion: { type: 'string', pattern: String.raw`^\d+\.\d+\.\d+` },
  rules: { ...list(rule), uniqueItems: true },
});
const result = object(['message'], {
  ruleId: text,
  ruleIndex: { type: 'integer', minimum: -1 },
  level,
  message,
  locations: list(location),
  fixes: { ...list(fix), uniqueItems: true },
});

export const SARIF: object = object(['version', 'runs'], {
  $schema: { type: 'string', format: 'uri' },
  version: { const: '2.1.0' },
  runs: list(
    object(['tool'], {
      tool: object(['driver'], { driver }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      results: list(result),
    }),
  ),
});
