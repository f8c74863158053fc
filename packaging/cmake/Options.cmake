# How everything here is compiled: language, warnings, hardening, sanitizers. Each hardening flag is
# probed, because not every compiler and architecture has it.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

option(CSP_TESTS "build the tests" ON)
option(CSP_WERROR "treat warnings as errors" OFF)
option(CSP_FUZZ "build the fuzz targets (clang)" OFF)
set(CSP_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_definitions(_POSIX_C_SOURCE=200809L)
add_compile_options(
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wswitch-enum
	-Wnull-dereference -fno-common
	-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CSP_WERROR)
	add_compile_options(-Werror)
endif()

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection
             -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
	string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
	check_c_compiler_flag("-Werror ${flag}" ${have})
	if(${have})
		add_compile_options(${flag})
	endif()
endforeach()
if(NOT CSP_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "Rel")
	add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
	string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
	check_linker_flag(C "${flag}" ${have})
	if(${have})
		add_link_options(${flag})
	endif()
endforeach()

if(CSP_SANITIZE)
	add_compile_options(-fsanitize=${CSP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${CSP_SANITIZE})
endif()
if(CSP_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
