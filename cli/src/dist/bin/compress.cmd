@echo off
rem Starts compress from an unpacked distribution. Needs Java 17 or newer: JAVA_HOME, else the java on
rem the PATH. COMPRESS_OPTS: more options for the Java virtual machine, such as -Xmx1g.
rem COMPRESS_CDS=off: neither make nor use the archive of loaded classes that speeds up starts.
setlocal
set "LIB=%~dp0..\lib"
set "JAR="
for /f "delims=" %%j in ('dir /b "%LIB%\compress-cli-*.jar" 2^>nul') do set "JAR=%LIB%\%%j"
if not defined JAR (
  echo compress: its lib folder holds no compress-cli-*.jar; unpack the distribution again 1>&2
  exit /b 4
)
set "JAVA=java"
set "BUILD="
if not defined JAVA_HOME goto path
rem Some set it with quotes, which a file name cannot have.
set "JAVA_HOME=%JAVA_HOME:"=%"
set "JAVA=%JAVA_HOME%\bin\java.exe"
if not exist "%JAVA%" (
  echo compress: JAVA_HOME has no bin\java.exe; point it at Java 17 or newer 1>&2
  exit /b 4
)
if exist "%JAVA_HOME%\release" (
  for /f "usebackq tokens=1,2 delims==" %%k in ("%JAVA_HOME%\release") do if "%%k"=="JAVA_RUNTIME_VERSION" set "BUILD=%%~l"
)
goto java
:path
where java >nul 2>nul
if errorlevel 1 (
  echo compress: no java on the PATH; install Java 17 or newer, or set JAVA_HOME 1>&2
  exit /b 4
)
:java
rem -Xlog:disable because the virtual machine's own messages would land on standard output.
set "OPTIONS=-Xlog:disable -XX:+UseSerialGC -Xms48m -XX:NewSize=32m -XX:-UsePerfData -Dfile.encoding=UTF-8"
rem Ten times the usual thresholds of the optimizing compiler: a run of seconds does not earn it back.
set "OPTIONS=%OPTIONS% -XX:+IgnoreUnrecognizedVMOptions -XX:Tier4InvocationThreshold=50000"
set "OPTIONS=%OPTIONS% -XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
rem Not so SHA-256, whose instructions that compiler alone knows.
set "SHA=-XX:CompileCommand=CompileThresholdScaling,sun.security.provider"
set "OPTIONS=%OPTIONS% -XX:CompileCommand=quiet %SHA%.DigestBase::implCompressMultiBlock,0.001"
set "OPTIONS=%OPTIONS% %SHA%.DigestBase::implCompressMultiBlock0,0.001 %SHA%.SHA2::implCompress,0.001"
set "OPTIONS=%OPTIONS% -Dsun.reflect.inflationThreshold=10000"
if /i "%COMPRESS_CDS%"=="off" goto run
rem An archive fits one build of Java only, so without knowing which there is none.
if not defined BUILD goto run
set "ARCHIVE=%LIB%\compress-%BUILD%.jsa"
rem Java takes an archive only where it was made: one that was moved or copied here is made anew.
set "PLACE="
if exist "%ARCHIVE%.at" set /p PLACE=<"%ARCHIVE%.at"
if exist "%ARCHIVE%" if defined PLACE if %PLACE%=="%LIB%" goto archived
rem Where lib cannot be written to, an attempt at each start would only cost time.
copy /y nul "%ARCHIVE%.tmp" >nul 2>nul
if not exist "%ARCHIVE%.tmp" goto run
del "%ARCHIVE%.tmp" >nul 2>nul
del "%ARCHIVE%" >nul 2>nul
echo compress: preparing faster starts with this Java (once, some seconds) 1>&2
set "SAMPLE=%TEMP%\compress-%RANDOM%.onnx"
"%JAVA%" %OPTIONS% "-XX:ArchiveClassesAtExit=%ARCHIVE%" "-Donnxruntime.native.path=%LIB%\native\win-x64" -jar "%JAR%" --quantize int8 --force -o "%SAMPLE%" sample:glyphs >nul 2>nul
del "%SAMPLE%" >nul 2>nul
if not exist "%ARCHIVE%" goto run
>"%ARCHIVE%.at" echo "%LIB%"
:archived
set OPTIONS=%OPTIONS% "-XX:SharedArchiveFile=%ARCHIVE%"
:run
"%JAVA%" %OPTIONS% "-Donnxruntime.native.path=%LIB%\native\win-x64" %COMPRESS_OPTS% -jar "%JAR%" %*
exit /b %ERRORLEVEL%
