import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../environments/environment.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { inSession, type Session } from './session.ts';

interface Options {
  stack?: string;
  set: Record<string, string>;
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('looks whether what the Pulumi program declares is there, granted, enabled and healthy')
    .addOption(
      new Option('--stack <stacks>', 'which stacks (default: those of the environment)').choices([
        'nonprod,prod',
        'nonprod',
        'prod',
        'dev',
      ]),
    )
    .option('--set <key=value>', 'a value that the stacks were deployed with (repeatable)', setting, {})
    .action(
      inSession(async ({ environment, output }: Session, { stack, set }: Options) => {
        // These load Google's clients, which must find this process led to the environment.
        const { examine } = await import('../doctor/examine.ts');
        const { renderFindings } = await import('../doctor/render.ts');
        const findings = await examine((stack ?? stacksOf(environment)).split(','), set);
        output.data(findings, () => renderFindings(findings).trimEnd());
        return findings.some(({ status }) => status === 'failure') ? EXIT.failure : EXIT.ok;
      }),
    );
}

const stacksOf = ({ nonprod, prod }: Environment) =>
  nonprod.project === prod.project ? 'dev' : 'nonprod,prod';

function setting(text: string, settings: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!key) throw new InvalidArgumentError('expected key=value.');
  return { ...settings, [key]: value };
}
