import { Command, InvalidArgumentError, Option } from 'commander';
import { examineAccess, examineApis } from './apis.ts';
import { Declaration } from './declaration.ts';
import type { Finding } from './finding.ts';
import { Google } from './google.ts';
import { examineGrants } from './grants.ts';
import { renderFindings } from './render.ts';
import { examineAccounts, examineFunctions, examineKeys } from './resources.ts';
import { examineSchedules } from './schedules.ts';
import { examineBacklogs, examineSubscriptions } from './subscriptions.ts';

interface DoctorOptions {
  stack: string;
  config: Record<string, string>;
  format: 'table' | 'json';
}

const UNHEALTHY = 1;

/** `baton doctor`: compares what runs with what the program declares. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Looks whether what the Pulumi program declares is there, granted, enabled and healthy.')
    .addOption(
      new Option('--stack <stacks>', "the two tenants', one of them, or dev")
        .choices(['nonprod,prod', 'nonprod', 'prod', 'dev'])
        .default('nonprod,prod'),
    )
    .option('--config <key=value>', 'override a value of the stack configuration (repeatable)', setting, {})
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      '\nExit codes: 0 healthy (warnings at most), 1 failures or an error, 2 usage.\nCredentials are those of the Google clients: gcloud auth application-default login, or a local cloud’s environment.',
    )
    .action(async ({ stack, config, format }: DoctorOptions) => {
      const findings = await examineAll(stack.split(','), config);
      process.stdout.write(
        format === 'json' ? `${JSON.stringify(findings, null, 2)}\n` : renderFindings(findings),
      );
      if (findings.some(({ status }) => status === 'failure')) process.exitCode = UNHEALTHY;
    });
}

async function examineAll(stacks: string[], config: Record<string, string>): Promise<Finding[]> {
  const declaration = await Declaration.of(stacks, config);
  const google = new Google();
  const { findings: functions, addresses } = await examineFunctions(declaration, google);
  const others = await Promise.all([
    examineAccess(declaration, google),
    examineApis(declaration, google),
    examineAccounts(declaration, google),
    examineGrants(declaration, google),
    examineKeys(declaration, google),
    examineSubscriptions(declaration, addresses),
    examineBacklogs(declaration, google),
    examineSchedules(declaration),
  ]);
  return [...functions, ...others.flat()];
}

function setting(text: string, settings: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!key) throw new InvalidArgumentError('expected key=value.');
  return { ...settings, [key]: value };
}
