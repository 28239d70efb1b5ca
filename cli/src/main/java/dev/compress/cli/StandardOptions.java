package dev.compress.cli;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options of every command. */
final class StandardOptions {
  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      order = 90,
      description = "Print the report as JSON, and nothing else, on standard output.")
  boolean json;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      order = 91,
      description = "Show everything: each node, and stack traces of errors.")
  boolean verbose;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      order = 92,
      description = "Print errors only.")
  boolean quiet;

  @Option(
      names = "--no-color",
      scope = ScopeType.INHERIT,
      order = 93,
      description = "No colours (as with the variable NO_COLOR).")
  boolean noColor;

  @Option(
      names = {"-h", "--help"},
      scope = ScopeType.INHERIT,
      order = 94,
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      scope = ScopeType.INHERIT,
      order = 95,
      versionHelp = true,
      description = "Show the version.")
  boolean version;
}
