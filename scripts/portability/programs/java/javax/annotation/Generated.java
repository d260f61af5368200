package javax.annotation;

/** Stands in for the annotation of Jakarta Annotations 1.3; it has no effect on what is compiled. */
public @interface Generated {
    String[] value();

    String date() default "";

    String comments() default "";
}
