import { Command, CommanderError, Option } from 'commander';
import { addApprovalsCommands } from './commands/approvals.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEventsCommands } from './commands/events.ts';
import { addModelsCommands } from './commands/models.ts';
import { addRunsCommands } from './commands/runs.ts';
import { addWorkloadsCommands } from './commands/workloads.ts';
import { EXIT, EXIT_MEANINGS } from './terminal/exit-codes.ts';
import { FORMATS } from './terminal/output.ts';

const codes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);

const program = new Command('baton')
  .description(
    'Looks at runs and events, sends them again, and decides on promotions: on the local cloud and in real projects alike.',
  )
  .option(
    '--env <name>',
    'environment, a folder below .baton/environments (default: BATON_ENV, or the only one)',
  )
  .option('--config <folder>', "an environment's folder, wherever it is")
  .option('--project <id>', 'the environment that has this project')
  .addOption(new Option('--format <format>', 'what to print on stdout').choices(FORMATS).default('table'))
  .option('--quiet', 'say nothing on stderr but errors', false)
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(--help tells more)')
  .addHelpText('afterAll', `\nExit codes:\n${codes.join('\n')}`)
  .exitOverride();

addRunsCommands(program);
addEventsCommands(program);
addApprovalsCommands(program);
addModelsCommands(program);
addDoctorCommand(program);
addWorkloadsCommands(program);

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', () => process.exit(EXIT.ok));

try {
  await program.parseAsync();
  // Whatever a client library keeps open must not keep this process.
  process.exit();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
}
