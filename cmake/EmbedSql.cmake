# Writes SQL files as C: QUERIES to OUTPUT/sql_queries.h, a macro SQL_NAME with the text of each
# NAME.sql, without its comments; MIGRATIONS to OUTPUT/sql_migrations.{h,c}, a table in their order.
function(sql_as_c result file)
  file(READ ${file} text)
  string(REGEX REPLACE "--[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  string(STRIP "${text}" text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

set(header "")
file(GLOB queries ${QUERIES}/*.sql)
foreach(file ${queries})
  sql_as_c(text ${file})
  get_filename_component(name ${file} NAME_WE)
  string(TOUPPER ${name} name)
  string(APPEND header "#define SQL_${name} \"${text}\"\n")
endforeach()
file(WRITE ${OUTPUT}/sql_queries.h "${header}")

set(table "")
file(GLOB migrations ${MIGRATIONS}/*.sql)
list(SORT migrations)
set(version 0)
foreach(file ${migrations})
  sql_as_c(text ${file})
  get_filename_component(name ${file} NAME_WE)
  math(EXPR version "${version} + 1") # as the program counts them
  string(REGEX MATCH "^0*([0-9]+)_" number ${name})
  if(NOT CMAKE_MATCH_1 EQUAL version)
    message(FATAL_ERROR "${name}.sql is the queue's migration ${version}: its name has to begin with that")
  endif()
  string(APPEND table "    {\"${name}\", \"${text}\"},\n")
endforeach()
file(WRITE ${OUTPUT}/sql_migrations.h "#include <stddef.h>
struct sql_migration {
    const char *name;
    const char *sql;
};
extern const struct sql_migration sql_migrations[];
extern const size_t sql_migration_count;
")
file(WRITE ${OUTPUT}/sql_migrations.c "#include \"sql_migrations.h\"
const struct sql_migration sql_migrations[] = {\n${table}};
const size_t sql_migration_count = sizeof sql_migrations / sizeof sql_migrations[0];
")
