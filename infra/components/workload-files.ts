import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Workload } from '../../events/workload.ts';
import { contentHash, REPOSITORY } from './content-hash.ts';

/**
 * Uploads a workload's descriptor, with the transform and the schema that it names beside it. The folder carries
 * a digest of the content: a run in flight keeps the files that it started with.
 */
export class WorkloadFiles extends pulumi.ComponentResource {
  /** The descriptor's gs:// address. */
  readonly descriptor: pulumi.Output<string>;

  constructor(
    model: string,
    args: { bucket: pulumi.Output<string>; kmsKey: pulumi.Input<string> | undefined },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:WorkloadFiles', model, {}, opts);
    const folder = `workloads/${model}`;
    const { transform } = readDescriptor(join(folder, 'workload.json'));
    const files = ['workload.json', transform.source, transform.schema].map((file) => normalize(file));
    const prefix = `${folder}/${contentHash(files.map((file) => join(folder, file)))}`;
    for (const file of files) {
      new gcp.storage.BucketObject(
        `${model}/${file}`,
        {
          bucket: args.bucket,
          name: `${prefix}/${file}`,
          contentType: file.endsWith('.json') ? 'application/json' : 'text/javascript',
          kmsKeyName: args.kmsKey,
          source: new pulumi.asset.FileAsset(join(REPOSITORY, folder, file)),
        },
        // The earlier version stays: runs that began with it still read it.
        { parent: this, retainOnDelete: true },
      );
    }
    this.descriptor = pulumi.interpolate`gs://${args.bucket}/${prefix}/workload.json`;
    this.registerOutputs({ descriptor: this.descriptor });
  }
}

function readDescriptor(path: string): Workload {
  const parsed = Workload.safeParse(JSON.parse(readFileSync(join(REPOSITORY, path), 'utf8')));
  if (parsed.success) return parsed.data;
  throw new pulumi.RunError(`${path} is malformed: ${parsed.error.message}`);
}
