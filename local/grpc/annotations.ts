import type protobuf from 'protobufjs';
import { z } from 'zod';

/** What Google's annotations say of one field. */
export interface FieldRule {
  /** As requests name it: camelCase. */
  name: string;
  /** As Google's messages name it: snake_case. */
  protoName: string;
  required: boolean;
  outputOnly: boolean;
  /** The field can't show whether it was set: a number, boolean or enum without presence. */
  implicit: boolean;
  repeated: boolean;
  map: boolean;
  inOneof: boolean;
  /** The nested message's type, unless it is one of `google.protobuf`. */
  message: protobuf.Type | undefined;
  reference: ResourceReference | undefined;
}

/** The names that a field may refer to. */
export interface ResourceReference {
  type: string;
  patterns: string[];
  matches(name: string): boolean;
}

const Resource = z.object({
  type: z.string(),
  pattern: z.union([z.string(), z.array(z.string())]).optional(),
});
const Reference = z.object({ type: z.string().optional(), child_type: z.string().optional() });
const Behaviour = z.union([z.string(), z.array(z.string())]);

/** Reads `google.api` annotations of the message types in a root, and keeps them. */
export class Annotations {
  readonly #patterns = new Map<string, string[]>([
    ['locations.googleapis.com/Location', ['projects/{project}/locations/{location}']],
    ['cloudresourcemanager.googleapis.com/Project', ['projects/{project}']],
  ]);
  readonly #rules = new Map<protobuf.Type, FieldRule[]>();
  readonly #mayBeMissing: ReadonlySet<string>;

  /** @param mayBeMissing full names of fields that count as required for others than this service */
  constructor(root: protobuf.Root, mayBeMissing: string[] = []) {
    this.#mayBeMissing = new Set(mayBeMissing);
    this.#collectResources(root);
  }

  /** The rules of a message's fields, in declaration order. */
  fields(type: protobuf.Type): FieldRule[] {
    let rules = this.#rules.get(type);
    if (!rules) {
      rules = type.fieldsArray.map((field) => this.#rule(field.resolve()));
      this.#rules.set(type, rules);
    }
    return rules;
  }

  /** Resource types are declared on messages and, for those of other APIs, on files. */
  #collectResources(scope: protobuf.ReflectionObject): void {
    for (const option of ['(google.api.resource)', '(google.api.resource_definition)']) {
      for (const value of annotation(scope, option)) {
        const { type, pattern } = Resource.parse(value);
        const known = this.#patterns.get(type) ?? [];
        this.#patterns.set(type, [...new Set([...known, ...[pattern ?? []].flat()])]);
      }
    }
    for (const nested of (scope as Partial<protobuf.NamespaceBase>).nestedArray ?? []) {
      this.#collectResources(nested);
    }
  }

  #rule(field: protobuf.Field): FieldRule {
    const behaviours = annotation(field, '(google.api.field_behavior)').flatMap((value) =>
      [Behaviour.parse(value)].flat(),
    );
    const message = messageOf(field);
    const isScalar = !field.repeated && !field.map && !message && !['string', 'bytes'].includes(field.type);
    const protoName = field.name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
    const fullName = `${field.parent?.fullName.slice(1)}.${protoName}`;
    return {
      name: field.name,
      protoName,
      required: behaviours.includes('REQUIRED') && !this.#mayBeMissing.has(fullName),
      outputOnly: behaviours.includes('OUTPUT_ONLY'),
      implicit: isScalar,
      repeated: field.repeated,
      map: field.map,
      inOneof: field.partOf !== null && field.options?.proto3_optional !== true,
      message: message?.fullName.startsWith('.google.protobuf.') ? undefined : message,
      reference: field.type === 'string' ? this.#reference(field) : undefined,
    };
  }

  #reference(field: protobuf.Field): ResourceReference | undefined {
    const [value] = annotation(field, '(google.api.resource_reference)');
    if (value === undefined) return undefined;
    const { type, child_type: child } = Reference.parse(value);
    const patterns = type ? this.#patterns.get(type) : child ? this.#parentPatterns(child) : undefined;
    // A type that no loaded file declares, or `*`, says nothing about the name's form.
    if (!patterns?.length || patterns.includes('*')) return undefined;
    const expressions = patterns.map(patternExpression);
    return {
      type: type ?? `the parent of ${child}`,
      patterns,
      matches: (name) => expressions.some((expression) => expression.test(name)),
    };
  }

  #parentPatterns(child: string): string[] | undefined {
    return this.#patterns.get(child)?.map((pattern) => pattern.split('/').slice(0, -2).join('/') || '*');
  }
}

function annotation(of: protobuf.ReflectionObject, name: string): unknown[] {
  // protobufjs declares `parsedOptions` as an object; it is a list of single-option objects.
  const options = (of as { parsedOptions?: unknown }).parsedOptions;
  if (!Array.isArray(options)) return [];
  return options.flatMap((option: Record<string, unknown>) => (name in option ? [option[name]] : []));
}

function messageOf(field: protobuf.Field): protobuf.Type | undefined {
  return field.resolvedType && 'fieldsArray' in field.resolvedType ? field.resolvedType : undefined;
}

function patternExpression(pattern: string): RegExp {
  const source = pattern
    .split(/(\{[^}]+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replace(/[.+*?^$()[\]\\|]/g, '\\$&');
      return part.endsWith('=**}') ? '.+' : '[^/]+';
    })
    .join('');
  return new RegExp(`^${source}$`);
}
