# One PTX file per module of a manifest, by one compiler. Those of kernels.json ship, in one kernels.zip; those of
# probes.json only measure and are files of a folder beside it.
#
# The compiler is called directly, not through CMake's CUDA language: that language insists on a CUDA toolkit, and our
# sources need none. PTX ISA versions are pinned per architecture so that the package asks for no newer driver than the
# code does, whoever built it.

set(NA_NATIVE_DIR "${CMAKE_SOURCE_DIR}/native")
set(NA_KERNELS "${NA_NATIVE_DIR}/manifest/kernels.json")
set(NA_PROBES "${NA_NATIVE_DIR}/manifest/probes.json")
set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${NA_KERNELS}" "${NA_PROBES}")

set(NA_PTX_FEATURE_sm_80 "+ptx70")
set(NA_PTX_FEATURE_sm_90a "+ptx83")

# na_json(<out> <json> <path...>): one value of the manifest.
function(na_json out json)
  string(JSON value GET "${json}" ${ARGN})
  set(${out} "${value}" PARENT_SCOPE)
endfunction()

# na_definitions(<out> <json> <prefix> <key=MACRO...>): -D<prefix><MACRO>=value for each key that the JSON object has.
function(na_definitions out json prefix)
  set(definitions "")
  foreach(pair ${ARGN})
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 key)
    list(GET pair 1 macro)
    string(JSON value ERROR_VARIABLE missing GET "${json}" ${key})
    if(NOT missing)
      list(APPEND definitions "-D${prefix}${macro}=${value}")
    endif()
  endforeach()
  set(${out} "${definitions}" PARENT_SCOPE)
endfunction()

# The -D flags by which a module's source learns what the manifest says of it and of each of its rungs.
function(na_module_definitions out module)
  na_definitions(definitions "${module}" NA_ dtype=ELEMENT headDim=HEAD_DIM)
  string(JSON count LENGTH "${module}" entries)
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    na_json(entry "${module}" entries ${i})
    na_json(rung "${entry}" rung)
    string(TOUPPER "${rung}" rung)
    na_definitions(of_entry "${entry}" NA_${rung}_
      name=ENTRY threads=THREADS blockM=BLOCK_M blockN=BLOCK_N sharedBytes=SHARED_BYTES)
    list(APPEND definitions ${of_entry})
  endforeach()
  set(${out} "${definitions}" PARENT_SCOPE)
endfunction()

# The command line, up to input and output, that turns a module's source into PTX.
function(na_compile_command out compiler arch)
  set(common -std=c++17 -O2 "-I${NA_NATIVE_DIR}/include") # -O2: see native/decisions.md, 2
  if(compiler STREQUAL "clang")
    set(${out} "${NA_CLANG}" -x cuda --cuda-device-only --cuda-gpu-arch=${arch} -nocudainc -nocudalib
      -Xclang -target-feature -Xclang ${NA_PTX_FEATURE_${arch}} -Wall -Wextra -Werror -S ${common} PARENT_SCOPE)
  else()
    string(REPLACE "sm_" "compute_" virtual_arch "${arch}")
    set(${out} "${NA_NVCC}" --ptx -arch=${virtual_arch} --Werror all-warnings ${common} PARENT_SCOPE)
  endif()
endfunction()

# na_add_modules(<out> <manifest> clang|nvcc <folder>): builds every module of a manifest; the list of PTX files.
function(na_add_modules out manifest compiler folder)
  file(MAKE_DIRECTORY "${folder}")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${NA_NATIVE_DIR}/include/*.h" "${NA_NATIVE_DIR}/kernels/*.h")
  file(READ "${manifest}" manifest)
  string(JSON count LENGTH "${manifest}" modules)
  math(EXPR last "${count} - 1")
  set(outputs "")
  foreach(i RANGE ${last})
    na_json(module "${manifest}" modules ${i})
    na_json(name "${module}" name)
    na_json(arch "${module}" arch)
    na_json(source "${module}" source)
    na_module_definitions(definitions "${module}")
    na_compile_command(command ${compiler} ${arch})
    set(output "${folder}/${name}.ptx")
    add_custom_command(OUTPUT "${output}"
      COMMAND ${command} ${definitions} "${NA_NATIVE_DIR}/${source}" -o "${output}"
      DEPENDS "${NA_NATIVE_DIR}/${source}" ${headers}
      COMMENT "PTX (${compiler}) ${name}" VERBATIM)
    list(APPEND outputs "${output}")
  endforeach()
  set(${out} "${outputs}" PARENT_SCOPE)
endfunction()

# na_add_ptx_set(clang|nvcc): a target that builds all modules into ${NATTN_PTX_OUTPUT}/<compiler>.
function(na_add_ptx_set compiler)
  if(compiler STREQUAL "clang")
    find_program(NA_CLANG NAMES clang++-19 clang-19 REQUIRED)
  else()
    find_program(NA_NVCC NAMES nvcc REQUIRED)
  endif()
  set(folder "${NATTN_PTX_OUTPUT}/${compiler}")
  na_add_modules(outputs "${NA_KERNELS}" ${compiler} "${folder}")
  list(TRANSFORM outputs REPLACE "^.*/" "" OUTPUT_VARIABLE names)
  # A fixed time stamp: equal PTX gives an equal archive.
  add_custom_command(OUTPUT "${folder}/kernels.zip"
    COMMAND "${CMAKE_COMMAND}" -E tar cf kernels.zip --format=zip --mtime=2020-01-01 -- ${names}
    WORKING_DIRECTORY "${folder}" DEPENDS ${outputs} COMMENT "PTX (${compiler}) kernels.zip" VERBATIM)
  set(probes "")
  if(compiler STREQUAL "clang") # one compiler's probes are enough to compare all kernels with
    na_add_modules(probes "${NA_PROBES}" clang "${folder}/probes")
  endif()
  add_custom_target(ptx_${compiler} ALL DEPENDS "${folder}/kernels.zip" ${probes})
endfunction()
