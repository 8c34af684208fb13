type Properties = Record<string, unknown>;

/** A resource as a Pulumi policy pack sees it, and as the local recording of the program has it. */
export interface PolicyResource {
  /** `gcp:pubsub/topic:Topic` */
  type: string;
  /** The name within the program. */
  name: string;
  props: Properties;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
}

/**
 * Something that holds of every resource. A rule looks at a type and its properties only, so that a test over a
 * recording and a policy pack in front of a deployment can apply the same.
 *
 * @returns what is wrong; nothing where the resource is as it should be, or of a type that the rule isn't about
 */
export type Rule = (resource: PolicyResource) => string | undefined;

/** Something that holds of all resources of a stack together. Answers what is wrong. */
export type StackRule = (resources: PolicyResource[]) => string[];

/** Every violation, each beginning with the resource's type and name. */
export function violations(resources: PolicyResource[], rules: Rule[]): string[] {
  return resources.flatMap((resource) =>
    rules.flatMap((rule) => {
      const problem = rule(resource);
      return problem ? [`${resource.type} '${resource.name}' ${problem}`] : [];
    }),
  );
}

/** The value at a path such as `encryption.defaultKmsKeyName`. */
export function valueAt(props: Properties, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, part) => (value as Properties | undefined | null)?.[part], props);
}

/** IAM members, whatever they are granted on. */
export const isMember = ({ type }: PolicyResource): boolean => /I[aA][mM]Member$/.test(type);
