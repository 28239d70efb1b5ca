@echo off
rem Starts compress from an unpacked distribution. Needs Java 17 or newer: JAVA_HOME, else the java on
rem the PATH. COMPRESS_OPTS: more options for the Java virtual machine, such as -Xmx1g.
rem COMPRESS_CDS=off: neither make nor use the archive of loaded classes that speeds up starts.
setlocal
set "LIB=%~dp0..\lib"
for /f "delims=" %%j in ('dir /b "%LIB%\compress-cli-*.jar"') do set "JAR=%LIB%\%%j"
set "JAVA=java"
set "BUILD=unknown"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
if defined JAVA_HOME if exist "%JAVA_HOME%\release" (
  for /f "usebackq tokens=1,2 delims==" %%k in ("%JAVA_HOME%\release") do if "%%k"=="JAVA_RUNTIME_VERSION" set "BUILD=%%~l"
)
rem -Xlog:disable because the virtual machine's own messages would land on standard output.
set "OPTIONS=-Xlog:disable -XX:+UseSerialGC -Xms24m -XX:-UsePerfData -Dfile.encoding=UTF-8"
set "ARCHIVE=%LIB%\compress-%BUILD%.jsa"
if /i "%COMPRESS_CDS%"=="off" goto run
if not exist "%ARCHIVE%" "%JAVA%" %OPTIONS% "-XX:ArchiveClassesAtExit=%ARCHIVE%" -jar "%JAR%" --help >nul 2>nul
if exist "%ARCHIVE%" set OPTIONS=%OPTIONS% "-XX:SharedArchiveFile=%ARCHIVE%"
:run
"%JAVA%" %OPTIONS% "-Donnxruntime.native.path=%LIB%\native\win-x64" %COMPRESS_OPTS% -jar "%JAR%" %*
exit /b %ERRORLEVEL%
