import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { AlertRule } from './alert-rules.ts';

export interface AlertsArgs {
  project: string;
  rules: AlertRule[];
  emails: string[];
  /** Where docs/runbook.md can be read. */
  runbookUrl: string | undefined;
  /** What declares the metrics that the rules name: a policy can't name one that there is not yet. */
  metrics: pulumi.Resource;
}

/** Alert policies, each with the section of the runbook that it leads to, and whom they are mailed to. */
export class Alerts extends pulumi.ComponentResource {
  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:Alerts', name, {}, opts);
    const { project, rules, emails, metrics } = args;
    const channels = emails.map(
      (email) =>
        new gcp.monitoring.NotificationChannel(
          `mail-${email}`,
          { project, type: 'email', displayName: `Baton: ${email}`, labels: { email_address: email } },
          { parent: this },
        ),
    );
    for (const rule of rules) {
      new gcp.monitoring.AlertPolicy(
        rule.name,
        {
          project,
          displayName: `Baton: ${rule.title}`,
          combiner: 'OR',
          conditions: [{ displayName: rule.title, conditionThreshold: thresholdOf(rule) }],
          notificationChannels: channels.map((channel) => channel.name),
          documentation: documentationOf(rule, args.runbookUrl),
          userLabels: { app: 'baton' },
        },
        { parent: this, dependsOn: metrics },
      );
    }
    this.registerOutputs();
  }
}

function thresholdOf(rule: AlertRule): gcp.types.input.monitoring.AlertPolicyConditionConditionThreshold {
  return {
    filter: rule.filter,
    comparison: 'COMPARISON_GT',
    thresholdValue: rule.above,
    duration: rule.duration,
    aggregations: [
      {
        alignmentPeriod: rule.alignmentPeriod,
        perSeriesAligner: rule.aligner,
        crossSeriesReducer: rule.reducer,
        groupByFields: rule.groupBy,
      },
    ],
    trigger: { count: 1 },
  };
}

function documentationOf({ title, section }: AlertRule, runbookUrl: string | undefined) {
  const url = runbookUrl && `${runbookUrl}#${section.toLowerCase().replaceAll(' ', '-')}`;
  return {
    subject: `Baton: ${title}`,
    mimeType: 'text/markdown',
    content: `What to do: the section "${section}" of docs/runbook.md.`,
    links: url ? [{ displayName: 'Runbook', url }] : [],
  };
}
