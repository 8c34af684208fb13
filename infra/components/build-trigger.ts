import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account.ts';

/** What happens in the repository: a merge to a branch, or a proposal to merge into it. */
type Occasion = { mergeTo: string } | { proposalFor: string };

export interface BuildTriggerArgs {
  project: string;
  region: string;
  purpose: string;
  /** The Developer Connect link, `projects/P/locations/L/connections/C/gitRepositoryLinks/R`, in the same region. */
  repository: string;
  on: Occasion;
  /** The file in the repository that says what is built. */
  pipeline: string;
  /** What the pipeline's steps are told, as `_NAME`. */
  substitutions: Record<string, string>;
  /** What builds run as, and so all that they may do. */
  account: Account;
  /** Whether somebody has to approve each build before it starts. */
  approvalRequired?: boolean;
}

/** Runs a pipeline when something happens in a repository, as an account of its own. */
export class BuildTrigger extends pulumi.ComponentResource {
  constructor(name: string, args: BuildTriggerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:BuildTrigger', name, {}, opts);
    const { project, region, purpose, repository, pipeline, substitutions, account } = args;
    new gcp.cloudbuild.Trigger(
      name,
      {
        project,
        location: region,
        name,
        description: purpose,
        developerConnectEventConfig: { gitRepositoryLink: repository, ...eventOf(args.on) },
        filename: pipeline,
        substitutions,
        serviceAccount: account.accountName,
        approvalConfig: { approvalRequired: args.approvalRequired ?? false },
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

function eventOf(on: Occasion) {
  if ('mergeTo' in on) return { push: { branch: `^${on.mergeTo}$` } };
  // The pipeline runs what is proposed, so a stranger's waits until one of the owners comments /gcbrun.
  const commentControl = 'COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY';
  return { pullRequest: { branch: `^${on.proposalFor}$`, commentControl } };
}
