import { join } from 'node:path';
import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Account } from './account.ts';
import { contentHash, REPOSITORY } from './content-hash.ts';
import { Grant, onRepository } from './grant.ts';
import type { ServiceAgents } from './service-agents.ts';

/** What a function needs to run. Cloud Build installs the dependencies by the lock file. */
const FILES = ['package.json', 'package-lock.json'];
const FOLDERS = ['handlers', 'events'];

/** The source that all functions of a project are built from, who builds it, and where the images go. */
export class FunctionSource extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly object: pulumi.Output<string>;
  readonly repository: pulumi.Output<string>;
  readonly builder: Account;

  constructor(
    name: string,
    args: {
      project: string;
      region: string;
      kmsKey: pulumi.Input<string> | undefined;
      agents: ServiceAgents;
      bucket: pulumi.Output<string>;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:FunctionSource', name, {}, opts);
    const hash = contentHash([...FILES, ...FOLDERS]);
    const source = new gcp.storage.BucketObject(
      name,
      {
        bucket: args.bucket,
        name: `functions/${hash}.zip`,
        kmsKeyName: args.kmsKey,
        source: new pulumi.asset.AssetArchive({
          ...Object.fromEntries(
            FILES.map((file) => [file, new pulumi.asset.FileAsset(join(REPOSITORY, file))]),
          ),
          ...Object.fromEntries(
            FOLDERS.map((folder) => [folder, new pulumi.asset.FileArchive(join(REPOSITORY, folder))]),
          ),
        }),
      },
      { parent: this },
    );
    const repository = new gcp.artifactregistry.Repository(
      'functions',
      {
        project: args.project,
        location: args.region,
        repositoryId: 'functions',
        format: 'DOCKER',
        description: 'Images that Cloud Build makes of the functions.',
        kmsKeyName: args.kmsKey,
      },
      { parent: this },
    );
    if (args.kmsKey) {
      // Under a key of ours, Cloud Functions manages the images in a repository of ours.
      new Grant(
        'cloudfunctions-agent-functions-artifactregistry.admin',
        {
          role: 'roles/artifactregistry.admin',
          why: "manages the functions' images in the repository that the key encrypts",
          member: args.agents.member('cloudfunctions'),
          on: onRepository(args, repository.name),
        },
        { parent: this },
      );
    }
    this.bucket = args.bucket;
    this.object = source.name;
    this.repository = repository.id;
    this.builder = new Account(
      'function-builder',
      {
        project: args.project,
        purpose: 'builds the functions',
        grants: {
          project: [
            {
              role: 'roles/cloudbuild.builds.builder',
              why: "reads the functions' source, pushes their images and writes the build's log",
            },
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({ object: this.object });
  }
}
