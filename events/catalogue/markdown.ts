import type { z } from 'zod';
import { type EventContract, topicOf } from '../index.ts';
import { CONTRACTS, dataSchema, tenantsOf, wokenBy } from './catalogue.ts';

type Schema = z.core.JSONSchema.JSONSchema;

const INTRODUCTION = `# Events

The stages of a run hand over to each other by these events. Each is a CloudEvent 1.0 in binary mode over Pub/Sub: every
context attribute is a message attribute with the prefix \`ce-\`, and the data is JSON. \`ce-correlationid\` is the run,
\`ce-causationid\` the event that caused this one, \`ce-attempt\` the attempt (more than 1 after a replay), \`ce-replayof\` the event
that a replay sends again, \`ce-sequence\` where the run stands among the runs of its model, \`ce-traceparent\` the trace.
\`ce-authtype\` and \`ce-authid\` say who started the run, where somebody did; they inform and prove nothing, as the publisher of
the first event says them.

Deliveries may come twice and in any order; \`ce-source\` and \`ce-id\` name the event. A field may be added to a version; whatever
would break a reader is a new version, and so a new type.

The same contracts as an AsyncAPI 3 document: [events/asyncapi.yaml](../events/asyncapi.yaml).

<!-- Generated from the schemas in events/ by \`npm run docs:events\`. -->
`;

/** The page that describes every event: its type, who hears it, and what it carries. */
export function eventsPage(): string {
  const index = CONTRACTS.map(({ name, type }) => {
    const stages = wokenBy(name).map((stage) => `\`${stage}\``);
    return `| [\`${name}\`](#${name}) | \`${type}\` | ${tenantsOf(name).join(', ')} | ${stages.join(', ')} |`;
  });
  return [
    INTRODUCTION,
    '| Event | Type | Project | Wakes |\n| --- | --- | --- | --- |',
    index.join('\n'),
    ...CONTRACTS.map(section),
  ]
    .join('\n')
    .concat('\n');
}

function section(contract: EventContract<unknown>): string {
  const topic = topicOf(contract.name);
  const where = topic === contract.name ? '' : ` Published on the topic \`${topic}\`.`;
  return `
## ${contract.name}

${contract.description}${where}

| Field | Type | |
| --- | --- | --- |
${fields(dataSchema(contract)).join('\n')}`;
}

/** One row per leaf; `?` marks what may be left out, \`[]\` the elements of a list. */
function fields(schema: Schema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return [];
    const here = `${path}${name}${schema.required?.includes(name) ? '' : '?'}`;
    const inner = property.type === 'array' ? (property.items as Schema) : property;
    const prefix = property.type === 'array' ? `${here}[].` : `${here}.`;
    const row = `| \`${here}\` | ${typeOf(property)} | ${(property.description ?? '').replaceAll('|', '\\|')} |`;
    return [row, ...fields(inner, prefix)];
  });
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one as Schema)).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items as Schema)}`;
  if (schema.type === 'object' && schema.additionalProperties && !schema.properties) {
    return `map to ${typeOf(schema.additionalProperties as Schema)}`;
  }
  return String(schema.type ?? 'any');
}
