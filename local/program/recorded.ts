import { z } from 'zod';

/** An asset or archive of the program: a path on this machine, text, or a folder of further assets by name. */
export type RecordedAsset =
  | { kind: 'file'; path: string }
  | { kind: 'folder'; path: string }
  | { kind: 'text'; text: string }
  | { kind: 'assets'; assets: Record<string, RecordedAsset> };

export const RecordedAsset: z.ZodType<RecordedAsset> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('file'), path: z.string() }),
    z.object({ kind: z.literal('folder'), path: z.string() }),
    z.object({ kind: z.literal('text'), text: z.string() }),
    z.object({ kind: z.literal('assets'), assets: z.record(z.string(), RecordedAsset) }),
  ]),
);

export const RecordedResource = z.object({
  stack: z.string(),
  /** The type token, e.g. `gcp:pubsub/topic:Topic`. */
  type: z.string(),
  /** The logical name: the first argument of the resource's constructor. */
  name: z.string(),
  urn: z.string(),
  /** The id that Google Cloud would have given; empty for components. */
  id: z.string(),
  /** What the program passed, with other resources' outputs filled in. */
  inputs: z.record(z.string(), z.unknown()),
  /** The inputs, and what Google Cloud would have answered beside them. */
  outputs: z.record(z.string(), z.unknown()),
  /** The URN of the component that it is part of; the stack's at the top. */
  parent: z.string().optional(),
  /** Whether Pulumi refuses to delete it. */
  protect: z.boolean(),
  /** URNs of the resources that it waits for. */
  dependencies: z.array(z.string()),
});
/** A resource that the program declares, as the Pulumi engine would have been told of it. */
export type RecordedResource = z.infer<typeof RecordedResource>;

export const RecordedStack = z.object({
  stack: z.string(),
  resources: z.array(RecordedResource),
  /** What the program exports. */
  outputs: z.record(z.string(), z.unknown()),
});
export type RecordedStack = z.infer<typeof RecordedStack>;

/** What a recording process is told; its answer is a recorded stack or an error. */
export const RecordingRequest = z.object({
  /** The folder of Pulumi.yaml. */
  directory: z.string(),
  /** The program's module. */
  main: z.string(),
  project: z.string(),
  stack: z.string(),
  config: z.record(z.string(), z.string()),
  /** Project numbers by project id. */
  projectNumbers: z.record(z.string(), z.string()),
  /** Outputs of the stacks recorded before, by stack, for StackReferences. */
  referable: z.record(z.string(), z.record(z.string(), z.unknown())),
});
export type RecordingRequest = z.infer<typeof RecordingRequest>;

export const RecordingAnswer = z.union([
  z.object({ recorded: RecordedStack }),
  z.object({ error: z.string() }),
]);
export type RecordingAnswer = z.infer<typeof RecordingAnswer>;
