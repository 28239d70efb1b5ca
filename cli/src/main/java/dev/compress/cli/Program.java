package dev.compress.cli;

import dev.compress.ToolVersion;
import dev.compress.cli.console.Terminal;
import dev.compress.error.CancelledException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line of one process: parses, runs a command, and turns errors into exit codes. */
final class Program {
  private static final String HELP_ADVICE = "See compress --help.";

  /** What is never said to the main job. */
  static final Set<String> NOT_THE_JOB =
      Set.of(
          "evaluate",
          "distill",
          "inspect",
          "unpack",
          "doctor",
          "models",
          "completion",
          "-h",
          "--help",
          "-V",
          "--version");

  private final Terminal terminal;
  private final Wiring wiring;
  private final AtomicBoolean cancelled;

  /**
   * A command line.
   *
   * @param terminal where it prints
   * @param wiring the modules it drives
   * @param cancelled set when the user wants to stop
   */
  Program(Terminal terminal, Wiring wiring, AtomicBoolean cancelled) {
    this.terminal = terminal;
    this.wiring = wiring;
    this.cancelled = cancelled;
  }

  /**
   * Runs a command.
   *
   * @param args as given to the process
   * @return the exit code
   */
  int run(String... args) {
    int code = execute(args);
    Optional<String> lost = terminal.finish();
    if (lost.isPresent() && code == ExitCode.DONE) {
      terminal.errln("compress: cannot write to standard output: " + lost.get());
      return ExitCode.READ_WRITE;
    }
    return code;
  }

  private int execute(String... args) {
    return execute(!isJob(args), args);
  }

  /** Whether these are the main job's arguments, right or wrong. */
  static boolean isJob(String... args) {
    return args.length > 0 && Arrays.stream(args).noneMatch(NOT_THE_JOB::contains);
  }

  private int execute(boolean all, String... args) {
    CompressCommand root = new CompressCommand(terminal, wiring, cancelled);
    try {
      CommandLine line = all ? commandLine(root) : jobLine(root);
      if (!all) {
        // An error may be a misspelt command: it is told by the parser that knows them.
        line.setParameterExceptionHandler(new AllCommands());
      }
      return line.execute(args);
    } catch (OutOfMemoryError | StackOverflowError | LinkageError e) {
      return onFailure(e, root);
    }
  }

  /** The commands and options, as a parser. */
  CommandLine commandLine(CompressCommand root) {
    CommandLine line = new CommandLine(root);
    line.addSubcommand(new EvaluateCommand(root));
    line.addSubcommand(new DistillCommand(root));
    line.addSubcommand(new InspectCommand(root));
    line.addSubcommand(new UnpackCommand(root));
    line.addSubcommand(new DoctorCommand(root));
    CommandLine models = new CommandLine(new ModelsCommand(root));
    models.addSubcommand(new ModelsGetCommand(root));
    models.addSubcommand(new ModelsBuildCommand(root));
    line.addSubcommand(models);
    line.addSubcommand(new CompletionCommand(root));
    return configured(line, root);
  }

  /** The main job alone: a parser of all commands takes a tenth of a second to make. */
  private CommandLine jobLine(CompressCommand root) {
    return configured(new CommandLine(root), root);
  }

  private CommandLine configured(CommandLine line, CompressCommand root) {
    orderHelp(line);
    line.setExpandAtFiles(false);
    line.setUsageHelpWidth(Math.min(terminal.width(), 100));
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(terminal.style(false).colours() ? Ansi.ON : Ansi.OFF));
    line.setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8));
    line.registerConverter(Path.class, Path::of); // its exceptions keep their kind
    Handlers handlers = new Handlers(root);
    line.setParameterExceptionHandler(handlers);
    line.setExecutionExceptionHandler(handlers);
    return line;
  }

  /** What is particular to the main job comes before what every command has. */
  private static void orderHelp(CommandLine line) {
    UsageMessageSpec usage = line.getCommandSpec().usageMessage();
    usage.sectionMap().remove(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING);
    usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, new OptionsOfTheJobFirst());
  }

  private static final class OptionsOfTheJobFirst implements IHelpSectionRenderer {
    @Override
    public String render(Help help) {
      Map<String, CommandSpec> parts = help.commandSpec().mixins();
      StringBuilder text = new StringBuilder();
      Set<OptionSpec> shown = new HashSet<>();
      for (CompressCommand.Section section : CompressCommand.SECTIONS) {
        CommandSpec part = parts.get(section.field());
        if (part != null) {
          shown.addAll(part.options());
          text.append(help.createHeading(section.heading())).append(list(help, part.options()));
        }
      }
      return text
          + help.optionListHeading()
          + list(
              help, help.commandSpec().options().stream().filter(o -> !shown.contains(o)).toList());
    }

    private static String list(Help help, List<OptionSpec> options) {
      return help.optionListExcludingGroups(options);
    }
  }

  /** No lambdas: of picocli's interfaces, whose class files are old, JDK 17 cannot archive any. */
  private final class Handlers implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private final CompressCommand root;

    Handlers(CompressCommand root) {
      this.root = root;
    }

    @Override
    public int handleParseException(ParameterException thrown, String[] args) {
      Failure failure =
          thrown.getCause() instanceof InvalidPathException path
              ? Failure.ofPath(path, name(thrown.getArgSpec()))
              : usage(message(thrown, args));
      return report(failure, asks(args, "--json"), asks(args, "--no-color"));
    }

    @Override
    public int handleExecutionException(
        Exception thrown, CommandLine failed, CommandLine.ParseResult parsed) {
      return onFailure(thrown, root);
    }
  }

  private final class AllCommands implements IParameterExceptionHandler {
    @Override
    public int handleParseException(ParameterException thrown, String[] args) {
      return execute(true, args);
    }
  }

  private static String name(@Nullable ArgSpec argument) {
    return argument instanceof OptionSpec option ? option.longestName() : "";
  }

  private static String message(ParameterException thrown, String[] args) {
    if (thrown instanceof UnmatchedArgumentException unmatched) {
      return Misspelling.explain(
          unmatched.getUnmatched(),
          unmatched.getCommandLine().getCommandSpec(),
          Arrays.asList(args));
    }
    if (thrown instanceof OverwrittenOptionException repeated
        && repeated.getOverwritten() instanceof OptionSpec option) {
      return option.longestName() + " is given twice. Give it once.";
    }
    return String.valueOf(thrown.getMessage());
  }

  private int onFailure(Throwable thrown, CompressCommand root) {
    // What fails while everything is being stopped, fails because of that.
    Throwable cause =
        cancelled.get() && !(thrown instanceof CancelledException)
            ? new CancelledException("Interrupted.", thrown)
            : thrown;
    Failure failure = Failure.of(cause, root.where(), ToolVersion.current());
    if (failure.code() == ExitCode.USAGE && failure.advice().isEmpty()) {
      failure = usage(failure.message());
    }
    int code = report(failure, root.standard.json, root.standard.noColor);
    if (root.standard.verbose) {
      StringWriter trace = new StringWriter();
      cause.printStackTrace(new PrintWriter(trace, true));
      trace.toString().replace("\t", "    ").lines().forEach(terminal::errln);
    }
    return code;
  }

  private static Failure usage(String message) {
    String sentence = message.endsWith(".") || message.endsWith("?") ? message : message + ".";
    return new Failure(ExitCode.USAGE, sentence, "", HELP_ADVICE);
  }

  private int report(Failure failure, boolean json, boolean noColor) {
    ErrorLines.print(failure, terminal, noColor);
    if (json) {
      terminal.out().println(Json.ofFailure(failure));
    }
    return failure.code();
  }

  private static boolean asks(String[] args, String option) {
    return Arrays.asList(args).contains(option);
  }
}
