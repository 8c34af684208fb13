import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';

/** The resources of one type that one key encrypts. */
export interface Protected {
  key: string;
  type: string;
  names: string[];
}

const KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;
/** The properties that name the key of what they are part of, wherever they stand. */
const KEY_PROPERTIES = ['kmsKeyName', 'defaultKmsKeyName', 'cryptoKeyName'];

/** What each key of the program encrypts, of what the program declares. */
export function protectedBy(stacks: RecordedStack[]): Protected[] {
  const found = new Map<string, Protected>();
  for (const resource of stacks.flatMap(({ resources }) => resources)) {
    const key = resource.type.startsWith('gcp:') && keyIn(resource.inputs);
    if (!key) continue;
    const type = typeName(resource);
    const row = found.get(`${key} ${type}`) ?? { key, type, names: [] };
    row.names.push(resource.name);
    found.set(`${key} ${type}`, row);
  }
  return [...found.values()].sort((a, b) => `${a.key} ${a.type}`.localeCompare(`${b.key} ${b.type}`));
}

/** `gcp:pubsub/topic:Topic` as `pubsub Topic`. */
function typeName({ type }: RecordedResource): string {
  const [, service, name] = /^gcp:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  return `${service} ${name}`;
}

function keyIn(inputs: object): string | undefined {
  for (const [name, value] of Object.entries(inputs)) {
    if (KEY_PROPERTIES.includes(name) && typeof value === 'string' && KEY.test(value)) return value;
    const nested = value !== null && typeof value === 'object' ? keyIn(value) : undefined;
    if (nested) return nested;
  }
  return undefined;
}
