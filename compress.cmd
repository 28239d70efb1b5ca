@echo off
rem Runs compress from its source tree. Builds on first use; after a change set COMPRESS_REBUILD=1.
rem Needs a JDK, 17 or newer.
setlocal
set "ROOT=%~dp0"
set "LAUNCHER=%ROOT%cli\target\quick\compress-launcher"
if defined COMPRESS_REBUILD goto build
if exist "%LAUNCHER%\bin\compress.cmd" goto run
:build
echo compress: building from source, as on first use 1>&2
pushd "%ROOT%"
call mvnw.cmd -q -B -Pquick -Dmaven.test.skip=true -Dcompress.launcher -Dcompress.platforms=win-x64 -pl cli -am package 1>&2
set "RESULT=%ERRORLEVEL%"
popd
if not "%RESULT%"=="0" (
  echo compress: the build failed; its messages are above 1>&2
  exit /b 1
)
:run
call "%LAUNCHER%\bin\compress.cmd" %*
exit /b %ERRORLEVEL%
