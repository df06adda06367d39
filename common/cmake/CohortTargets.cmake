# One function per kind of target. Names are short; cohort_cc_library(NAME queue) makes target cohort_queue with alias cohort::queue.
#
#   cohort_proto_library(NAME prompt_proto PROTOS cohort/prompt/v1/prompt.proto [DEPS cohort::common_proto] [GRPC])
#   cohort_cc_library(NAME queue [HDRS a.h] [SRCS a.cc] [DEPS cohort::status absl::time] [COPTS -O3])
#   cohort_cc_binary(NAME cohort-rollout SRCS main.cc DEPS cohort::rollout_worker)        -> build/bin/cohort-rollout
#   cohort_cc_test(NAME prompt_queue_test SRCS prompt_queue_test.cc DEPS cohort::queue [LABELS integration] [TIMEOUT 60] [PROCESSORS 1] [RESOURCE x])
#   cohort_cc_benchmark(NAME queue_bench SRCS queue_bench.cc DEPS cohort::queue)          -> build/bin/bench/queue_bench
#
# For COHORT_CUDA=ON alone; sources may be .cu and .cc. cohort_cc_library takes .cu files too.
#   cohort_gpu_test(NAME rms_norm_gpu_test SRCS rms_norm_test.cc DEPS cohort::rollout_cuda [GROUP nccl])  -> build/gpu/unit/rms_norm_gpu_test, needs a GPU
#   cohort_gpu_benchmark(NAME decode_bench SRCS decode_bench.cc DEPS cohort::rollout_cuda)                -> build/gpu/bench/decode_bench
# A test of CUDA code that needs no GPU is a cohort_cc_test with LABELS cuda: `tests/run --cuda-build` runs those.
#
# Include paths are the source root, the folder of generated code, and nothing else.

set(COHORT_GEN "${CMAKE_BINARY_DIR}/gen")
set_property(GLOBAL PROPERTY JOB_POOLS heavy_link=1 heavy_compile=2)

add_library(cohort_options INTERFACE)
target_compile_features(cohort_options INTERFACE cxx_std_20)
target_include_directories(cohort_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_include_directories(cohort_options SYSTEM INTERFACE "${COHORT_GEN}" "${COHORT_GEN}/proto")
# What only some dependencies ask for, everywhere: a precompiled header fits only targets with equal settings.
target_compile_options(cohort_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-sign-compare;-Wno-missing-field-initializers;-Werror;-pthread;-fPIC>"
  "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-Xcompiler=-Wall,-Wno-sign-compare;-Werror=all-warnings>")
target_compile_definitions(cohort_options INTERFACE _FILE_OFFSET_BITS=64)
if(COHORT_SANITIZE)
  target_compile_options(cohort_options INTERFACE -fsanitize=${COHORT_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(cohort_options INTERFACE -fsanitize=${COHORT_SANITIZE})
endif()

# The headers nearly every file includes, compiled once: cohort_pch for libraries, cohort_test_pch for tests. A file that forgets an include of its own
# still has to compile without (COHORT_PCH=OFF).
option(COHORT_PCH "Precompile common headers" ON)

# cohort_precompiled(NAME HEADERS ... [DEPS ...]): an object library whose precompiled headers other targets reuse.
function(cohort_precompiled name)
  cmake_parse_arguments(A "" "" "HEADERS;DEPS" ${ARGN})
  if(COHORT_PCH)
    file(CONFIGURE OUTPUT "${COHORT_GEN}/${name}.cc" CONTENT "")
    add_library(${name} OBJECT "${COHORT_GEN}/${name}.cc")
    target_link_libraries(${name} PRIVATE cohort_options ${A_DEPS})
    target_precompile_headers(${name} PRIVATE ${A_HEADERS})
  endif()
endfunction()

set(common_headers <algorithm> <cmath> <cstdint> <filesystem> <functional> <map> <memory> <optional> <string> <utility> <vector>
  <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h> <absl/synchronization/mutex.h> <absl/time/clock.h>)
cohort_precompiled(cohort_pch HEADERS ${common_headers} DEPS absl::statusor absl::str_format absl::synchronization absl::time)
# Tests compile in half the time of -O2, and what is tested lies in the libraries. gcc 12's warnings about the flow of data are wrong at this level. A
# library, so that it stands behind cohort_options on the command line.
add_library(cohort_test_options INTERFACE)
target_link_libraries(cohort_test_options INTERFACE cohort_options GTest::gmock GTest::gtest)
target_compile_options(cohort_test_options INTERFACE -O1 -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized)
cohort_precompiled(cohort_test_pch HEADERS ${common_headers} <gmock/gmock.h> <gtest/gtest.h>
  DEPS cohort_test_options absl::statusor absl::str_format absl::synchronization absl::time)

# Uses the precompiled headers of `pch` unless the target compiles with options of its own.
function(cohort_use_pch target pch)
  if(COHORT_PCH AND NOT ARGN)
    target_precompile_headers(${target} REUSE_FROM ${pch})
  endif()
endfunction()

function(cohort_proto_library)
  cmake_parse_arguments(A "GRPC" "NAME" "PROTOS;DEPS" ${ARGN})
  set(outputs "")
  foreach(proto ${A_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(base "${COHORT_GEN}/proto/${stem}")
    set(files "${base}.pb.cc" "${base}.pb.h")
    set(grpc_args "")
    if(A_GRPC)
      list(APPEND files "${base}.grpc.pb.cc" "${base}.grpc.pb.h")
      set(grpc_args "--grpc_out=${COHORT_GEN}/proto" "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
    endif()
    add_custom_command(OUTPUT ${files}
      COMMAND ${CMAKE_COMMAND} -E make_directory "${COHORT_GEN}/proto"
      COMMAND protobuf::protoc "--proto_path=${PROJECT_SOURCE_DIR}/proto" "--cpp_out=${COHORT_GEN}/proto" ${grpc_args} "${proto}"
      DEPENDS "${PROJECT_SOURCE_DIR}/proto/${proto}" VERBATIM)
    list(APPEND outputs ${files})
  endforeach()
  add_library(cohort_${A_NAME} STATIC ${outputs})
  add_library(cohort::${A_NAME} ALIAS cohort_${A_NAME})
  target_compile_features(cohort_${A_NAME} PUBLIC cxx_std_20)
  target_compile_options(cohort_${A_NAME} PRIVATE -w)
  target_include_directories(cohort_${A_NAME} SYSTEM PUBLIC "${COHORT_GEN}" "${COHORT_GEN}/proto")
  target_link_libraries(cohort_${A_NAME} PUBLIC protobuf::libprotobuf ${A_DEPS})
  if(A_GRPC)
    target_link_libraries(cohort_${A_NAME} PUBLIC gRPC::grpc++)
  endif()
endfunction()

function(cohort_cc_library)
  cmake_parse_arguments(A "" "NAME" "HDRS;SRCS;DEPS;COPTS" ${ARGN})
  if(A_SRCS)
    add_library(cohort_${A_NAME} STATIC ${A_SRCS} ${A_HDRS})
    target_link_libraries(cohort_${A_NAME} PUBLIC cohort_options ${A_DEPS})
    target_compile_options(cohort_${A_NAME} PRIVATE ${A_COPTS})
    cohort_use_pch(cohort_${A_NAME} cohort_pch ${A_COPTS})
  else()
    add_library(cohort_${A_NAME} INTERFACE)
    target_link_libraries(cohort_${A_NAME} INTERFACE cohort_options ${A_DEPS})
  endif()
  add_library(cohort::${A_NAME} ALIAS cohort_${A_NAME})
endfunction()

# Linked by g++ also where a library holds CUDA code: nvcc would only pass the work on, and refuses some of the options.
function(cohort_place_program name folder)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${folder}" JOB_POOL_LINK heavy_link LINKER_LANGUAGE CXX)
endfunction()

function(cohort_cc_binary)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE cohort_options ${A_DEPS})
  cohort_place_program(${A_NAME} bin)
  set_property(GLOBAL APPEND PROPERTY COHORT_BINARIES ${A_NAME})
endfunction()

function(cohort_cc_test)
  cmake_parse_arguments(A "" "NAME;TIMEOUT;PROCESSORS;RESOURCE" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${A_NAME} EXCLUDE_FROM_ALL ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE cohort_options ${A_DEPS} cohort_test_options GTest::gtest_main)
  cohort_use_pch(${A_NAME} cohort_test_pch)
  cohort_place_program(${A_NAME} tests)
  add_dependencies(cohort_tests ${A_NAME})
  add_test(NAME ${A_NAME} COMMAND ${A_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set(labels ${A_LABELS})
  if(NOT labels)
    set(labels unit)
  endif()
  set(timeout 60)
  if(A_TIMEOUT)
    set(timeout ${A_TIMEOUT})
  endif()
  set_tests_properties(${A_NAME} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout}
    ENVIRONMENT "COHORT_BIN=${CMAKE_BINARY_DIR}/bin;COHORT_SOURCE=${PROJECT_SOURCE_DIR};OMP_NUM_THREADS=1;OMP_WAIT_POLICY=passive")
  if(COHORT_CUDA AND "cuda" IN_LIST labels)
    add_dependencies(cohort_cuda_tests ${A_NAME})
  endif()
  if(A_PROCESSORS)
    set_tests_properties(${A_NAME} PROPERTIES PROCESSORS ${A_PROCESSORS})
  endif()
  if(A_RESOURCE)
    set_tests_properties(${A_NAME} PROPERTIES RESOURCE_LOCK ${A_RESOURCE})
  endif()
endfunction()

function(cohort_cc_benchmark)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${A_NAME} EXCLUDE_FROM_ALL ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE cohort_options ${A_DEPS} benchmark::benchmark)
  cohort_place_program(${A_NAME} bin/bench)
  add_dependencies(cohort_benchmarks ${A_NAME})
endfunction()

function(cohort_gpu_test)
  cmake_parse_arguments(A "" "NAME;GROUP;TIMEOUT" "SRCS;DEPS" ${ARGN})
  set(group unit)
  if(A_GROUP)
    set(group ${A_GROUP})
  endif()
  set(timeout 300)
  if(A_TIMEOUT)
    set(timeout ${A_TIMEOUT})
  endif()
  add_executable(${A_NAME} EXCLUDE_FROM_ALL ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE cohort_options ${A_DEPS} cohort_test_options GTest::gtest_main)
  cohort_use_pch(${A_NAME} cohort_test_pch)
  cohort_place_program(${A_NAME} gpu/${group})
  add_dependencies(cohort_gpu_tests ${A_NAME})
  add_test(NAME ${A_NAME} COMMAND ${A_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${A_NAME} PROPERTIES LABELS "gpu;gpu_${group}" TIMEOUT ${timeout} RESOURCE_LOCK gpu)
endfunction()

function(cohort_gpu_benchmark)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${A_NAME} EXCLUDE_FROM_ALL ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE cohort_options ${A_DEPS})
  cohort_place_program(${A_NAME} gpu/bench)
  add_dependencies(cohort_gpu_benchmarks ${A_NAME})
endfunction()
