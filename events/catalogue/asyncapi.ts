import { stringify } from 'yaml';
import { z } from 'zod';
import { Envelope, type EventContract, STAGE_INPUTS, topicOf } from '../index.ts';
import { CONTRACTS, dataSchema, tenantsOf, topicsOfEvents, wokenBy } from './catalogue.ts';

/** The AsyncAPI 3 document of Baton's events: a channel per topic, a message per event, who receives what. */
export function asyncapi(): string {
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Baton',
      version: '1.0.0',
      description:
        'The events by which the stages of a run hand over to each other: CloudEvents 1.0 in binary mode over Pub/Sub, every context attribute a message attribute with the prefix `ce-`, the data as JSON.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { pubsub: { host: 'pubsub.googleapis.com', protocol: 'googlepubsub' } },
    channels: Object.fromEntries(topicsOfEvents().map((topic) => [topic, channel(topic)])),
    operations: Object.fromEntries(CONTRACTS.flatMap(receipts)),
    components: {
      messages: Object.fromEntries(CONTRACTS.map((contract) => [contract.name, message(contract)])),
      schemas: { attributes: attributes() },
    },
  };
  return `# Generated from the schemas in events/ by \`npm run docs:events\`.\n${stringify(document, { aliasDuplicateObjects: false, lineWidth: 110 })}`;
}

function channel(topic: string) {
  const carried = CONTRACTS.filter(({ name }) => topicOf(name) === topic);
  const tenants = [...new Set(carried.flatMap(({ name }) => tenantsOf(name)))];
  return {
    address: `projects/{project}/topics/${topic}`,
    description: `In the ${tenants.join(' and the ')} project.`,
    parameters: { project: { description: 'The id of the Google Cloud project.' } },
    messages: Object.fromEntries(
      carried.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
  };
}

/** The operations of the stages that an event wakes. */
function receipts({ name }: EventContract<unknown>) {
  const channel = `#/channels/${topicOf(name)}`;
  return wokenBy(name).map((stage) => {
    const operation = {
      action: 'receive',
      channel: { $ref: channel },
      summary: `Wakes ${stage}, in the ${STAGE_INPUTS[stage].tenant} project's topic.`,
      messages: [{ $ref: `${channel}/messages/${name}` }],
    };
    return [stage, operation] as const;
  });
}

function message(contract: EventContract<unknown>) {
  return {
    name: contract.type,
    title: contract.name,
    summary: contract.description,
    contentType: 'application/json',
    headers: {
      allOf: [
        { $ref: '#/components/schemas/attributes' },
        { type: 'object', properties: { 'ce-type': { const: contract.type } } },
      ],
    },
    payload: dataSchema(contract),
  };
}

/** The attributes of a message: the envelope's, each with its prefix. */
function attributes() {
  const { properties = {}, required = [] } = z.toJSONSchema(Envelope, { target: 'draft-7', io: 'input' });
  const named = (name: string) => (name === 'datacontenttype' ? 'content-type' : `ce-${name}`);
  return {
    type: 'object',
    required: required.filter((name) => name !== 'data').map(named),
    properties: Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => name !== 'data')
        .map(([name, schema]) => [
          named(name),
          name === 'attempt' ? { type: 'string', pattern: '^[1-9]\\d*$' } : schema,
        ]),
    ),
  };
}
