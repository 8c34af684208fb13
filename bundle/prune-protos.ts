import protobuf from 'protobufjs';

/** A node of protobufjs's JSON descriptor: a namespace, message, enum or service, and what is nested in it. */
export interface Descriptor {
  nested?: Record<string, Descriptor>;
  options?: Record<string, unknown>;
  fields?: Record<string, { options?: Record<string, unknown> }>;
  methods?: Record<string, { parsedOptions?: unknown }>;
  [property: string]: unknown;
}

interface Further {
  methods?: (name: string) => boolean;
  types?: string[];
}

/** Reads an API's descriptor once, for any number of prunings; Vertex AI's has 3,000 messages. */
export class ApiDescriptor {
  readonly #json: Descriptor;
  readonly #root: protobuf.Root;

  constructor(json: Descriptor) {
    this.#json = json;
    this.#root = protobuf.Root.fromJSON(json as protobuf.INamespace);
    this.#root.resolveAll();
  }

  /**
   * The descriptor with what some services can send and receive, and nothing else. Options of the API's own
   * (HTTP rules, field behaviour, resource names) are for REST and for documentation, and left out.
   *
   * @param services full names, such as `google.pubsub.v1.Publisher`
   * @param further which of the services' methods to keep, all unless it says; and types to keep besides
   * @throws Error when the API has no such service or type
   */
  prune(services: string[], further: Further = {}): Descriptor {
    const kept = new Set<protobuf.ReflectionObject>();
    for (const name of services) keepService(this.#root.lookupService(name), further.methods, kept);
    for (const name of further.types ?? []) keepType(this.#root.lookupType(name), kept);
    return pick(this.#json, this.#root, kept) ?? { nested: {} };
  }
}

function keepService(
  service: protobuf.Service,
  isKept: (method: string) => boolean = () => true,
  kept: Set<protobuf.ReflectionObject>,
): void {
  kept.add(service);
  for (const method of service.methodsArray.filter(({ name }) => isKept(name))) {
    kept.add(method);
    keepType(service.lookupType(method.requestType), kept);
    keepType(service.lookupType(method.responseType), kept);
    for (const name of operationTypes(method)) keepType(service.lookupType(name), kept);
  }
}

/** What a long-running operation ends with travels as `Any`, and is named in the method's options alone. */
function operationTypes(method: protobuf.Method): string[] {
  const options = (method.parsedOptions ?? []) as Record<string, Record<string, string> | undefined>[];
  return options.flatMap((option) => {
    const info = option['(google.longrunning.operation_info)'];
    return info ? [info.response_type, info.metadata_type].filter(Boolean) : [];
  });
}

function keepType(type: protobuf.Type | protobuf.Enum, kept: Set<protobuf.ReflectionObject>): void {
  if (kept.has(type)) return;
  kept.add(type);
  if (!(type instanceof protobuf.Type)) return;
  for (const field of type.fieldsArray) if (field.resolvedType) keepType(field.resolvedType, kept);
}

/** The node without what is not kept; one that only holds kept nodes is left as a namespace. */
function pick(
  json: Descriptor,
  object: protobuf.NamespaceBase,
  kept: Set<protobuf.ReflectionObject>,
): Descriptor | undefined {
  const nested = Object.entries(json.nested ?? {}).flatMap(([name, child]) => {
    const known = object.get(name);
    if (!known) return [];
    const picked = pick(child, known as protobuf.NamespaceBase, kept);
    return picked ? [[name, picked] as const] : [];
  });
  const below = nested.length > 0 ? { nested: Object.fromEntries(nested) } : {};
  if (kept.has(object)) return { ...withoutApiOptions(withKeptMethods(json, object, kept)), ...below };
  return nested.length > 0 ? below : undefined;
}

function withKeptMethods(
  json: Descriptor,
  object: protobuf.ReflectionObject,
  kept: Set<protobuf.ReflectionObject>,
): Descriptor {
  if (!json.methods || !(object instanceof protobuf.Service)) return json;
  const methods = Object.entries(json.methods).filter(([name]) => kept.has(object.methods[name]));
  return { ...json, methods: Object.fromEntries(methods) };
}

function withoutApiOptions(json: Descriptor): Descriptor {
  const { nested: _, fields, methods, ...rest } = json;
  const members = {
    ...(fields && { fields: mapValues(fields, plainOptions) }),
    ...(methods && {
      methods: mapValues(methods, ({ parsedOptions: _parsed, ...method }) => plainOptions(method)),
    }),
  };
  return { ...plainOptions(rest), ...members };
}

/** Options in parentheses are extensions; the others, such as `proto3_optional`, are the language's. */
function plainOptions<Node extends { options?: Record<string, unknown> }>({ options, ...node }: Node) {
  const plain = Object.entries(options ?? {}).filter(([name]) => !name.startsWith('('));
  return plain.length > 0 ? { ...node, options: Object.fromEntries(plain) } : node;
}

const mapValues = <From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
